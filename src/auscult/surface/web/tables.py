"""The incident list as CSV (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable

from auscult.kernel.incidents import Incident
from auscult.surface.web.words import iso

COLUMNS = (
    "id",
    "status",
    "severity",
    "headline",
    "services",
    "opened",
    "acknowledged",
    "acknowledged_by",
    "resolved",
    "resolved_by",
    "findings",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(incidents: Iterable[Incident]) -> str:
    """Return a head and one line for each incident; times are RFC 3339 in UTC, empty for none."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for one in incidents:
        services = dict.fromkeys(subject.service for subject in one.subjects)
        cells = (
            one.id,
            one.status,
            one.severity,
            one.headline,
            " ".join(services),
            _at(one.opened_ms),
            _at(one.acknowledged_ms),
            one.acknowledged_by,
            _at(one.resolved_ms),
            one.resolved_by,
            str(one.findings_count),
        )
        table.writerow(_harmless(cell) for cell in cells)
    return text.getvalue()


def _at(at_ms: int | None) -> str:
    return "" if at_ms is None else iso(at_ms)


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, "CSV injection").

    Headlines carry label values, and those come from whoever writes samples.
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
