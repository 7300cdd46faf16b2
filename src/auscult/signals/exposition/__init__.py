"""What a target shows at /metrics: Prometheus' text format 0.0.4 and OpenMetrics 1.0."""

from auscult.signals.exposition.reader import Scraped, ScrapeReader

__all__ = ["ScrapeReader", "Scraped"]
