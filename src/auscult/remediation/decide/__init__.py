"""What may be done: runbooks, guards and the run as a pure state machine."""

from auscult.remediation.decide.advancing import advance
from auscult.remediation.decide.beginning import consider
from auscult.remediation.decide.guards import blocked
from auscult.remediation.decide.request import ActionRequest, Step
from auscult.remediation.decide.runbooks import Runbook
from auscult.remediation.decide.templates import check_template, fill

__all__ = [
    "ActionRequest",
    "Runbook",
    "Step",
    "advance",
    "blocked",
    "check_template",
    "consider",
    "fill",
]
