"""Killed at any point, auscult loses no accepted fact and wakes nobody twice who can tell.

A failing seed is replayed by `pytest tests/simulation -k "seed_7"`; `make campaign`
lives and dies for much longer.
"""

from pathlib import Path

import pytest

from auscult.kernel.facts import Found
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Status
from tests.simulation.people import PLACES
from tests.simulation.world import TENANTS, World, live_and_die

DEATHS = 20
SEEDS = range(16)  # histories of 20 deaths each: 320 deaths on every run of `make test`
CAMPAIGN = range(1_000, 1_250)


def check(world: World) -> None:
    """Hold a world that came to rest against everything that was promised."""
    for tenant in TENANTS:
        incidents = world.incidents(tenant)
        with world.store.read() as work:
            rows = work.of(tenant)
            assert rows.audit.verify() > 0
            assert rows.effects.unsent_count() == 0
            kept = {
                finding.at_ms
                for incident in incidents
                for finding in rows.findings.of(incident.id, 500)
            }
            effects = [row for incident in incidents for row in rows.effects.of(incident.id)]
            assert work.queue.next_due("effect") is None
            assert work.queue.next_due("timer") is None
            assert work.queue.next_due("group") is None
        told = {
            fact.finding.at_ms
            for fact in world.accepted
            if isinstance(fact, Found)
            and fact.tenant == tenant
            and fact.finding.phase is Phase.FIRING
        }
        assert told <= kept, "an accepted finding is lost"
        assert all(incident.status is Status.RESOLVED for incident in incidents)
        for incident in incidents:
            assert all(world.is_told(incident, channel) for channel in ("keyed", "mail"))
            assert world.receivers["keyed"].effects[f"{incident.id}:opened:1:keyed"] <= 1
            order = [key for key in world.receivers["keyed"].effects if incident.id in key]
            first = order[0] if order else f"{incident.id}:opened:1:keyed"
            assert first.endswith(":opened:1:keyed"), "the end was told before the beginning"
        assert {row.state for row in effects} <= {"done"}
    ends = {
        (tenant, name, place, status)
        for tenant in TENANTS
        for name in ("Slow", "Full")
        for place in PLACES
        for status in ("firing", "resolved")
    }
    assert ends <= world.judge.told, f"an accepted alert is lost: {ends - world.judge.told}"
    assert not world.judge.wrong, world.judge.wrong
    for receiver in world.receivers.values():
        for key, times in receiver.arrived.items():
            assert times - 1 <= world.at_risk[key], f"{key} arrived more often than deaths explain"


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed_{seed}")
def test_killed_anywhere_it_loses_nothing_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    world = live_and_die(tmp_path, seed, deaths=DEATHS)
    check(world)
    assert world.deaths.total() >= DEATHS
    assert len(world.accepted) > DEATHS


def test_the_deaths_reach_every_point_and_would_show_a_loss(tmp_path: Path) -> None:
    """The simulation itself must be able to fail."""
    world = live_and_die(tmp_path, 99, deaths=60)
    assert len(world.deaths) >= 6, world.deaths
    check(world)
    assert world.at_risk, "no death came between a message and its outcome"
    for receiver in (world.receivers["keyed"], world.receivers["mail"]):
        ended = next(key for key in receiver.arrived if ":resolved:" in key)
        receiver.arrived[ended] += 1 + world.at_risk[ended]
        with pytest.raises(AssertionError, match="more often than deaths explain"):
            check(world)
        receiver.arrived[ended] = 1
    world.judge.wrong.append("somebody is called to what somebody has")
    with pytest.raises(AssertionError, match="somebody has"):
        check(world)
    world.judge.wrong.clear()
    lost = world.finding("edge", Phase.FIRING)
    world.accepted.append(Found(finding=lost))
    with pytest.raises(AssertionError, match="lost"):
        check(world)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", CAMPAIGN, ids=lambda seed: f"seed_{seed}")
def test_a_long_campaign_of_deaths(tmp_path: Path, seed: int) -> None:
    check(live_and_die(tmp_path, seed, deaths=100))
