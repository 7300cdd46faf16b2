"""Asking targets for their metrics: which ones, how, and what became of each."""

from auscult.signals.scraping.fetch import ACCEPT, Fetcher
from auscult.signals.scraping.loop import ScrapeLoop
from auscult.signals.scraping.targets import Target, TargetFiles, static_targets
from auscult.signals.scraping.watch import TargetWatch

__all__ = [
    "ACCEPT",
    "Fetcher",
    "ScrapeLoop",
    "Target",
    "TargetFiles",
    "TargetWatch",
    "static_targets",
]
