"""Everything one tenant has: the only way to a tenant's rows."""

from auscult.kernel.words import TenantId
from auscult.store.rows.alerts import AlertRows, GroupRows, SilenceRows
from auscult.store.rows.audit import AuditRows
from auscult.store.rows.effects import EffectRows
from auscult.store.rows.exhibits import ExhibitRows
from auscult.store.rows.findings import FindingRows
from auscult.store.rows.incidents import IncidentRows
from auscult.store.rows.keys import KeyRows
from auscult.store.rows.ladders import LadderRows
from auscult.store.rows.oncall import CalendarRows, PageRows, TakeoverRows
from auscult.store.rows.runs import RunRows
from auscult.store.rows.secrets import SecretRows
from auscult.store.rows.timers import TimerRows
from auscult.store.slice import Slice
from auscult.store.transaction import Transaction


class TenantRows:
    """One tenant's rows inside one transaction, noun by noun."""

    __slots__ = (
        "alerts",
        "audit",
        "calendars",
        "effects",
        "exhibits",
        "findings",
        "groups",
        "incidents",
        "keys",
        "ladders",
        "pages",
        "runs",
        "secrets",
        "silences",
        "takeovers",
        "tenant",
        "timers",
    )

    def __init__(self, transaction: Transaction, tenant: TenantId) -> None:
        """Take the transaction to work in, and the tenant whose rows these are."""
        piece = Slice(transaction, tenant)
        self.tenant = tenant
        self.incidents = IncidentRows(piece)
        self.findings = FindingRows(piece)
        self.exhibits = ExhibitRows(piece)
        self.effects = EffectRows(piece)
        self.timers = TimerRows(piece)
        self.runs = RunRows(piece)
        self.ladders = LadderRows(piece)
        self.alerts = AlertRows(piece)
        self.groups = GroupRows(piece)
        self.silences = SilenceRows(piece)
        self.pages = PageRows(piece)
        self.takeovers = TakeoverRows(piece)
        self.calendars = CalendarRows(piece)
        self.audit = AuditRows(piece)
        self.secrets = SecretRows(piece)
        self.keys = KeyRows(piece)
