"""What the platform was asked for: kept in the plan, so that every process reads the same."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from soundstage.errors import BadSetting

LEAST_KBPS, MOST_KBPS = 6, 510
"""What libopus can do (RFC 6716 §2.1.1)."""

MOST_RUNGS = 8
"""Four, and four others that take their place while players change over."""
MOST_LISTENERS = 40
MOST_SPEEDUP = 100_000.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen when the platform starts; the defaults are those of the show.

    Raises ``BadSetting`` for a value beyond its limits.
    """

    ladder_kbps: tuple[int, ...] = (96,)
    """Bit rates each programme is encoded at, best first."""

    listeners: int = 2
    """Sessions per programme when the load is at its peak."""

    speedup: float = 0.0
    """How many times faster the day and the week of the listeners pass; 0 is always the peak."""

    traces_url: str = ""
    """OTLP/HTTP endpoint spans are exported to (``…/v1/traces`` is added); empty is off."""

    traces_share: float = 0.25
    """Share of the segments and sessions that are traced."""

    events_url: str = ""
    """Where players post what happens to them; empty is off."""

    key_file: str = ""
    """File with the API key that spans and events are sent with; empty sends none.

    They wait until it is there, so that whoever takes them may start later.
    """

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        rungs = self.ladder_kbps
        if not 0 < len(rungs) <= MOST_RUNGS or list(rungs) != sorted(set(rungs), reverse=True):
            raise BadSetting(f"a ladder has 1 to {MOST_RUNGS} different rates, best first: {rungs}")
        if not all(LEAST_KBPS <= rung <= MOST_KBPS for rung in rungs):
            raise BadSetting(f"a rate is from {LEAST_KBPS} to {MOST_KBPS} kbit/s: {rungs}")
        if not 1 <= self.listeners <= MOST_LISTENERS:
            raise BadSetting(f"listeners per programme: 1 to {MOST_LISTENERS}")
        if not 0.0 <= self.speedup <= MOST_SPEEDUP:
            raise BadSetting(f"a speed-up is from 0 (flat) to {MOST_SPEEDUP:.0f}")
        if not 0.0 <= self.traces_share <= 1.0:
            raise BadSetting("the traced share is from 0 to 1")
        for url in (self.traces_url, self.events_url):
            if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc):
                raise BadSetting(f"not an address: {url}; write http://host:port/path")


def read_ladder(text: str) -> tuple[int, ...]:
    """Read ``96,48`` as rates in kbit/s; raises ``BadSetting``."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise BadSetting(f"ladder {text!r}: write rates in kbit/s as 96,48") from None
