"""Being on call while the product runs: takeovers, calendars of others, handovers, a look ahead."""

from auscult.engine.oncall.path import OnCallPath

__all__ = ["OnCallPath"]
