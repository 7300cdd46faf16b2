"""Label sets and their slots: who is being measured."""

from auscult.signals.series.book import Refusals, SeriesBook
from auscult.signals.series.kinds import Kind, kind_of_name
from auscult.signals.series.labels import decode_labels, encode_labels, settle_labels
from auscult.signals.series.limits import SeriesLimits
from auscult.signals.series.query import SeriesPage
from auscult.signals.series.registry import Registry

__all__ = [
    "Kind",
    "Refusals",
    "Registry",
    "SeriesBook",
    "SeriesLimits",
    "SeriesPage",
    "decode_labels",
    "encode_labels",
    "kind_of_name",
    "settle_labels",
]
