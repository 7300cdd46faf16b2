"""How chunks are kept and travel, and what the packager makes of them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from soundstage.audio.codec import OpusEncoder, decode
from soundstage.audio.fmp4 import pack_init
from soundstage.audio.format import SAMPLE_RATE
from soundstage.audio.synth import STYLES, Synth
from soundstage.errors import NotRunning
from soundstage.plan import STAGES, Programme, load_plan, make_plan, save_plan
from soundstage.settings import Settings
from soundstage.stages.package import make_packer
from soundstage.stages.ring import (
    Chunk,
    Ring,
    pack_chunks,
    pack_packets,
    pack_rungs,
    unpack_chunks,
    unpack_packets,
    unpack_rungs,
)
from soundstage.stages.share import Share

PROGRAMME = Programme("acme", "x", "pop", seed=1, epoch_ms=0)


def test_a_ring_keeps_the_newest_and_ignores_the_old() -> None:
    ring = Ring(period_s=1.0, keep=3)
    assert ring.newest == -1
    for seq in (5, 6, 7, 8, 7):
        ring.add(seq, bytes([seq]))
    assert [chunk.seq for chunk in ring.after(-1, limit=9)] == [6, 7, 8]
    assert [chunk.seq for chunk in ring.after(-1, limit=2)] == [7, 8]
    assert [chunk.seq for chunk in ring.after(6, limit=1)] == [7]
    assert ring.get(5) is None
    assert 0.1 <= ring.next_in_s() <= 1.1


def test_chunks_and_packets_travel_whole() -> None:
    chunks = [Chunk(1, b"one"), Chunk(2**40, b"", b"t" * 25), Chunk(3, b"x" * 70_000)]
    assert unpack_chunks(pack_chunks(chunks)) == chunks
    packets = [b"a", b"", b"b" * 1200]
    assert unpack_packets(pack_packets(packets)) == packets
    rungs = {96: b"best", 48: b"", 24: b"b" * 70_000}
    assert list(unpack_rungs(pack_rungs(rungs)).items()) == list(rungs.items())


@pytest.mark.parametrize("cut", [1, 11, 14])
def test_a_cut_body_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="cut"):
        unpack_chunks(pack_chunks([Chunk(1, b"one")])[:cut])


def test_two_chunks_make_a_segment_and_half_a_pair_makes_none() -> None:
    packets = Ring(period_s=1.0)
    work, encoder, synth = make_packer(PROGRAMME, packets), OpusEncoder(), Synth(STYLES["pop"], 1)
    payloads = {
        seq: pack_rungs({96: pack_packets(encoder.encode(synth.render(seq)))})
        for seq in range(3, 8)
    }
    made = [item for seq in (3, 4, 5, 6) for item in work(seq, payloads[seq])]
    assert [number for number, _ in made] == [2]
    segment = unpack_rungs(made[0][1])[96]
    assert len(decode(pack_init() + segment)) == pytest.approx(2 * SAMPLE_RATE, abs=700)
    assert list(work(6, payloads[6])) == []
    assert [number for number, _ in work(7, payloads[7])] == [3]
    assert packets.newest == 7


def test_a_plan_has_five_stages_three_tenants_and_a_port_each(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    assert tuple(p.name for p in plan.processes[:5]) == STAGES
    assert {p.tenant for p in plan.programmes} == {"acme", "birch", "coral"}
    assert len({p.port for p in plan.processes}) == len(plan.processes) == 8
    assert tuple(p.upstream for p in plan.processes[1:5]) == STAGES[:-1]


def test_replicas_share_the_programmes_so_that_each_has_one_worker(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    encode = plan.process("encode")
    two = replace(plan, processes=(*plan.processes, replace(encode, name="encode-2", port=1)))
    assert plan.share_of(encode) == plan.programmes
    shares = [two.share_of(place) for place in two.replicas("encode")]
    assert [len(share) for share in shares] == [3, 2]
    assert set(shares[0] + shares[1]) == set(plan.programmes)
    for number, programme in enumerate(two.programmes):
        assert two.number_of(programme.key) == number
        assert programme in two.share_of(two.serving("encode", number))
    assert [two.serving("edge", number).name for number in (0, 7)] == ["edge", "edge"]


def test_a_plan_is_read_back_as_it_was_written_and_an_old_one_is_refused(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, settings=Settings(ladder_kbps=(128, 32), speedup=60.0))
    save_plan(plan, tmp_path)
    assert load_plan(tmp_path) == plan
    assert plan.process("outside") == plan.outside
    assert "outside" not in str(plan.metrics_targets())
    (tmp_path / "soundstage.json").write_text('{"programmes": [], "processes": []}')
    with pytest.raises(NotRunning, match="another version"):
        load_plan(tmp_path)


def test_a_share_begins_what_is_new_and_ends_what_was_taken_away() -> None:
    told: list[str] = []

    def begin(programme: Programme) -> list[Coroutine[Any, Any, None]]:
        told.append(f"+{programme.name}")
        return [asyncio.sleep(60)]

    async def live() -> None:
        share = Share(begin, lambda programme: told.append(f"-{programme.name}"))
        one, two = PROGRAMME, replace(PROGRAMME, name="y")
        async with asyncio.TaskGroup() as group:
            share.settle([one, two], group)
            share.settle([two], group)
            share.settle([two, one], group)
            share.stop()

    asyncio.run(live())
    assert sorted(told[:2]) == ["+x", "+y"]
    assert told[2:] == ["-x", "+x"]
