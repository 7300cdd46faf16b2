"""Samples of the past: Prometheus' query results, and CSV files."""

from auscult.signals.history.matrix import Past, read_matrix
from auscult.signals.history.table import Table, read_table

__all__ = ["Past", "Table", "read_matrix", "read_table"]
