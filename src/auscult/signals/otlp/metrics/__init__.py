"""OTLP metrics as samples of series, by Prometheus' names."""

from auscult.signals.otlp.metrics.decoding import DecodedPoints, decode_metrics
from auscult.signals.otlp.metrics.streams import MetricStreams

__all__ = ["DecodedPoints", "MetricStreams", "decode_metrics"]
