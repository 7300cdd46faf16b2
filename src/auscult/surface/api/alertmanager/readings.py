"""What is known of alerts and silences, read from the store in one transaction."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import Field

from auscult.kernel.alerts import Alert, Silence
from auscult.kernel.errors import MatcherMalformed, QueryUnknown
from auscult.kernel.matchers import Matcher, compile_pattern, matches_all, parse_matcher
from auscult.kernel.times import rfc3339
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts import Alerting, inhibited_by
from auscult.surface.api.queries import CURSOR_CHARS_MAX, Tolerant

if TYPE_CHECKING:
    from auscult.store import TenantRows

CHUNK = 1_000
FILTERS_MAX = 50
LIMIT_MAX = 10_000


class AlertsQuery(Tolerant):
    """Which alerts: `true` shows those that are so, `filter` are matchers, one each."""

    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    unprocessed: bool = True
    muted: bool = True
    filter: tuple[str, ...] = ()
    receiver: str = ""

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """The filter, read; raises `QueryUnknown`."""
        return read_filter(self.filter)

    @property
    def fits_receiver(self) -> Callable[[str], bool]:
        """What says whether a receiver's name is asked for; raises `QueryUnknown`."""
        if not self.receiver:
            return lambda _name: True
        try:
            return compile_pattern(self.receiver)
        except MatcherMalformed as why:
            raise QueryUnknown(f"failed to parse receiver param: {why.detail}") from None


class AlertsPage(AlertsQuery):
    """The same, a page at a time: `limit` of them behind the fingerprint `cursor`; 0 is all.

    The next page is behind the last one of this; a page that is not full is the last.
    """

    cursor: str = Field(default="", max_length=CURSOR_CHARS_MAX)
    limit: int = Field(default=0, ge=0, le=LIMIT_MAX)


def read_filter(texts: tuple[str, ...]) -> tuple[Matcher, ...]:
    """Return matchers that are written one by one; raises `QueryUnknown`."""
    if len(texts) > FILTERS_MAX:
        raise QueryUnknown(f"{len(texts)} filters; at most {FILTERS_MAX}")
    try:
        return tuple(parse_matcher(text) for text in texts)
    except MatcherMalformed as why:
        raise QueryUnknown(f"bad matcher format: {why.detail}") from None


@dataclass(frozen=True, slots=True)
class Sight:
    """A tenant's alerts as they stand now, with what mutes each."""

    rows: "TenantRows"
    alerting: Alerting
    now_ms: int
    silences: list[Silence] = field(default_factory=list)
    _lying: dict[str, list[Alert]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: "TenantRows", alerting: Alerting, now_ms: int) -> "Sight":
        """Return what can be seen now."""
        return cls(rows, alerting, now_ms, rows.silences.ending_after(now_ms))

    def alerts(self, query: AlertsPage) -> list[dict[str, Any]]:
        """Return the alerts asked for, by fingerprint, as the API says them."""
        return list(islice(self._alerts(query), query.limit or None))

    def _alerts(self, query: AlertsPage) -> Iterator[dict[str, Any]]:
        fits, matchers = query.fits_receiver, query.matchers
        chunk = query.limit if 0 < query.limit < CHUNK and not matchers else CHUNK
        for alert in self._live(query.cursor, chunk):
            named = [node.receiver for _, node in self.alerting.paths.of(alert).ways]
            if not any(map(fits, named)) or not matches_all(matchers, alert.labels):
                continue
            if (said := self._said(alert, named, query)) is not None:
                yield said

    def groups(self, query: AlertsQuery) -> list[dict[str, Any]]:
        """Return the same in the groups they are told in."""
        fits, matchers = query.fits_receiver, query.matchers
        found: dict[tuple[Labels, str, str], list[dict[str, Any]]] = {}
        for alert in self._live():
            nodes = [node for _, node in self.alerting.paths.of(alert).ways]
            named = [node.receiver for node in nodes]
            if not matches_all(matchers, alert.labels):
                continue
            said = self._said(alert, sorted(named), query)
            for node in nodes if said is not None else ():
                if said is not None and fits(node.receiver):
                    labels = node.group_labels(alert.labels)
                    found.setdefault((labels, node.receiver, node.key), []).append(said)
        return [
            {"labels": dict(labels), "receiver": {"name": receiver}, "alerts": alerts}
            for (labels, receiver, _), alerts in sorted(found.items())
        ]

    def _live(self, after: str = "", chunk: int = CHUNK) -> Iterator[Alert]:
        while some := self.rows.alerts.live(self.now_ms, after=after, limit=chunk):
            yield from some
            after = some[-1].fingerprint

    def _said(
        self, alert: Alert, receivers: list[str], query: AlertsQuery
    ) -> dict[str, Any] | None:
        silenced = [one.id for one in self.silences if one.mutes(alert.labels, self.now_ms)]
        rules = self.alerting.inhibit_rules
        source = inhibited_by(rules, alert.labels, self._sources, now_ms=self.now_ms)
        inhibited = [source] if source is not None else []
        if (silenced and not query.silenced) or (inhibited and not query.inhibited):
            return None
        suppressed = bool(silenced or inhibited)
        if not suppressed and not query.active:
            return None
        return {
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "receivers": [{"name": name} for name in receivers],
            "fingerprint": alert.fingerprint,
            "startsAt": rfc3339(alert.starts_ms),
            "endsAt": rfc3339(alert.ends_ms),
            "updatedAt": rfc3339(alert.updated_ms),
            **({"generatorURL": alert.generator_url} if alert.generator_url else {}),
            "status": {
                "state": "suppressed" if suppressed else "active",
                "silencedBy": silenced,
                "inhibitedBy": inhibited,
            },
        }

    def _sources(self, place: str) -> list[Alert]:
        if place not in self._lying:
            self._lying[place] = list(self.rows.alerts.lying(place, self.now_ms))
        return self._lying[place]
