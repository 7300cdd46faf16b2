"""The incident list: ordered, filtered, paged by cursor, counted up to a bound."""

import itertools
import random
from collections import Counter
from typing import Any

import pytest

from auscult.kernel.errors import BodyMalformed, QueryUnknown
from auscult.kernel.incidents import Incident, Status
from auscult.kernel.words import Severity, Subject
from auscult.store import IncidentFilter, Store
from auscult.store.rows import incidents as module
from auscult.store.rows import listing
from auscult.store.rows.listing import write_cursor
from tests.contract.store.words import ACME, BETA, finding, incident


def many(number: int = 60) -> list[Incident]:
    """Incidents of every status and severity, several opened in the same millisecond."""
    chance = random.Random(7)
    kinds = itertools.cycle(itertools.product(Status, Severity))
    return [
        incident(
            f"I{index:03}",
            fingerprints=(f"f{index}",),
            status=status,
            severity=severity,
            headline=f"{'Edge' if index % 2 else 'encoder'} is 100% late #{index}",
            strongest=finding(
                f"f{index}", subject=Subject(service="edge" if index % 2 else "encode")
            ),
            opened_ms=chance.randrange(20),
        )
        for index, (status, severity) in zip(range(number), kinds, strict=False)
    ]


@pytest.fixture
def filled(store: Store) -> Store:
    with store.write() as work:
        for one in many():
            work.of(ACME).incidents.put(one)
    return store


def wanted_order(incidents: list[Incident]) -> list[str]:
    newest = sorted(incidents, key=lambda one: (one.opened_ms, one.id), reverse=True)
    return [one.id for one in sorted(newest, key=lambda one: one.rank)]


@pytest.mark.parametrize("limit", [1, 7, 60])
def test_pages_give_every_incident_once_in_order(filled: Store, limit: int) -> None:
    seen: list[str] = []
    cursor = ""
    with filled.read() as work:
        while True:
            page = work.of(ACME).incidents.page(IncidentFilter(cursor=cursor, limit=limit))
            assert len(page.incidents) <= limit
            seen += [one.id for one in page.incidents]
            cursor = page.next or ""
            if not cursor:
                break
    assert seen == wanted_order(many())


@pytest.mark.parametrize("state", ["unresolved", "open", "acknowledged", "resolved", "all"])
def test_a_state_is_paged_to_its_end(filled: Store, state: str) -> None:
    groups = {"unresolved": {"open", "acknowledged"}, "all": {one.value for one in Status}}
    fits = groups.get(state, {state})
    seen: list[str] = []
    cursor = ""
    with filled.read() as work:
        for _ in range(100):
            page = work.of(ACME).incidents.page(IncidentFilter(state=state, cursor=cursor, limit=4))
            seen += [one.id for one in page.incidents]
            cursor = page.next or ""
            if not cursor:
                break
    assert seen == wanted_order([one for one in many() if one.status in fits])


def test_conditions_are_joined(filled: Store) -> None:
    with filled.read() as work:
        rows = work.of(ACME).incidents
        found = rows.page(
            IncidentFilter(state="open", severity="critical", service="edge", text="EDGE is 100%")
        )
    assert found.incidents
    for one in found.incidents:
        assert (one.status, one.severity) == (Status.OPEN, Severity.CRITICAL)
        assert one.strongest.subject.service == "edge"


@pytest.mark.parametrize("text", ["100_", "%late", "\\", "' OR 1=1 --", "\x00"])
def test_signs_of_a_pattern_are_just_signs(filled: Store, text: str) -> None:
    with filled.read() as work:
        assert work.of(ACME).incidents.page(IncidentFilter(text=text)).incidents == []


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "not base64!",
        "é",
        "W10",  # []
        "WzEsMl0",  # [1,2]
        "WzEsIjIiLCJhIl0",  # [1,"2","a"]
        "W3RydWUsMSwiYSJd",  # [true,1,"a"]
        "bnVsbA",  # null
        "A" * 10_000,
        write_cursor((1, 2**63, "a")),
        write_cursor((1, 1, "a\x00")),
    ],
)
def test_a_malformed_cursor_is_refused(store: Store, cursor: str) -> None:
    with store.read() as work, pytest.raises(BodyMalformed):
        work.of(ACME).incidents.page(IncidentFilter(cursor=cursor))


def test_an_unknown_state_is_refused(store: Store) -> None:
    with store.read() as work, pytest.raises(QueryUnknown, match="unresolved"):
        work.of(ACME).incidents.page(IncidentFilter(state="ended"))


def test_a_cursor_of_another_tenant_shows_nothing_of_it(filled: Store) -> None:
    with filled.read() as work:
        cursor = work.of(ACME).incidents.page(IncidentFilter(limit=3)).next or ""
        assert work.of(BETA).incidents.page(IncidentFilter(cursor=cursor)).incidents == []


def test_a_page_is_never_longer_than_the_bound(filled: Store) -> None:
    with filled.read() as work:
        assert len(work.of(ACME).incidents.page(IncidentFilter(limit=10**9)).incidents) == len(
            many()
        )
        assert work.of(ACME).incidents.page(IncidentFilter(limit=0)).incidents == []
        assert work.of(ACME).incidents.page(IncidentFilter(limit=-5)).next is None


def test_incidents_are_counted_by_status(filled: Store) -> None:
    with filled.read() as work:
        assert work.of(ACME).incidents.counts() == Counter(one.status.value for one in many())
        assert sum(work.of(BETA).incidents.counts().values()) == 0


@pytest.mark.slow
def test_counting_stops_at_the_bound(store: Store) -> None:
    with store.write() as work:
        for index in range(listing.COUNT_MAX + 5):
            work.of(ACME).incidents.put(incident(f"I{index}", fingerprints=(f"f{index}",)))
    with store.read() as work:
        assert work.of(ACME).incidents.counts()["open"] == listing.COUNT_MAX


def test_the_list_is_read_from_an_index_without_sorting(filled: Store) -> None:
    if filled.kind == "postgresql":
        return  # its planner decides by the size of the table; the index is the same
    values = {"own": ACME, "low": 0, "high": 100, "limit": 9, "opened_ms": 5, "id": "I"}
    after = write_cursor((0, 5, "I"))
    wanted = (IncidentFilter(), IncidentFilter(cursor=after), IncidentFilter(service="edge"))
    lists = [listing.list_incidents(one, written=True)[0].on("sqlite") for one in wanted]
    for query in (*lists, module._RECENT):
        compiled: Any = query
        text = str(compiled.compile(filled._reader))
        with filled._reader.connect() as connection:
            rows = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {text}",
                tuple(values.get(name, 0) for name in compiled.compile(filled._reader).positiontup),
            ).all()
        plan = " ".join(str(row[-1]) for row in rows)
        assert "USING INDEX incidents_" in plan
        assert "TEMP B-TREE" not in plan
