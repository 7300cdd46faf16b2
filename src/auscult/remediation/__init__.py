"""What may be done, within a contract: plan, apply, verify, undo."""

from auscult.remediation.port import ACTIONS, Action, Verdict

__all__ = ["ACTIONS", "Action", "Verdict"]
