"""An `alertmanager.yml` as settings of a tenant: what can be said here, and what cannot."""

from auscult.notification.decide.alerts.translating.config import translate
from auscult.notification.decide.alerts.translating.made import Translated

__all__ = ["Translated", "translate"]
