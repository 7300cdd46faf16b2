"""The look ahead: findings when something is new or worse, ends when it is mended."""

from auscult.engine.oncall.watch import Watch
from auscult.kernel.facts import Found
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.words import Severity
from auscult.notification.oncall.outlook import Ahead, Trouble
from tests.unit.engine.bench import ACME, Bench
from tests.unit.engine.oncall.scene import look, plans_of, section, take

GAP = Trouble(kind=Ahead.GAP, schedule="nights", severity=Severity.INFO, sentence="Nobody.")
WORSE = GAP.model_copy(update={"severity": Severity.WARNING})
OTHER = GAP.model_copy(update={"schedule": "days"})


def compare(watch: Watch, *troubles: Trouble, incidents: tuple[Incident, ...] = ()) -> list[str]:
    found = watch.compare(ACME, troubles, incidents, now_ms=1_000)
    return [f"{one.phase} {one.subject.instance} {one.severity}" for one in found]


def test_what_is_wrong_is_said_once_and_again_when_it_is_worse() -> None:
    watch = Watch()
    assert compare(watch, GAP, OTHER) == ["firing nights info", "firing days info"]
    assert compare(watch, GAP, OTHER) == []
    assert compare(watch, WORSE, OTHER) == ["firing nights warning"]


def test_after_a_start_it_is_said_anew_under_the_same_fingerprint() -> None:
    (first,) = Watch().compare(ACME, [GAP], (), now_ms=1)
    (again,) = Watch().compare(ACME, [WORSE], (), now_ms=2)
    assert first.fingerprint == again.fingerprint
    assert first.seen_by == "oncall"


def test_what_is_mended_ends_also_what_an_earlier_start_has_said(bench: Bench) -> None:
    plans = plans_of(section(policy=""))
    for finding in Watch().compare(ACME, [GAP, OTHER], (), now_ms=1):
        take(bench, Found(finding=finding), plans)
    incidents = tuple(look(bench, lambda rows: rows.incidents.recent(9)))
    assert compare(Watch(), OTHER, incidents=incidents) == [
        "firing days info",
        "cleared nights info",
    ]
    for finding in Watch().compare(ACME, [], incidents, now_ms=2):
        assert finding.phase is Phase.CLEARED
        take(bench, Found(finding=finding), plans)
    incidents = tuple(look(bench, lambda rows: rows.incidents.recent(9)))
    assert compare(Watch(), incidents=incidents) == []
