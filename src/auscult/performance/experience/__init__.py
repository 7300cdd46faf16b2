"""How was it to listen? Figures and one score for each session, alarms for audiences of any size.

Definitions are compatible with those of Mux Data, Conviva and CTA-2066, so that figures compare.
"""

from auscult.performance.experience.chance import chance_of, rate_at_most
from auscult.performance.experience.events import Event, PlayerEvents
from auscult.performance.experience.plays import PlayTable
from auscult.performance.experience.remarks import Teller
from auscult.performance.experience.score import score_sessions, startup_score
from auscult.performance.experience.sessions import Sessions, summarise
from auscult.performance.experience.standing import Experience
from auscult.performance.experience.vigil import Vigil, limit_for
from auscult.performance.experience.watch import Bad, PlayWatch

__all__ = [
    "Bad",
    "Event",
    "Experience",
    "PlayTable",
    "PlayWatch",
    "PlayerEvents",
    "Sessions",
    "Teller",
    "Vigil",
    "chance_of",
    "limit_for",
    "rate_at_most",
    "score_sessions",
    "startup_score",
    "summarise",
]
