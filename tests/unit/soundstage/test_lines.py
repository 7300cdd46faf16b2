"""How chunks are kept and travel, and what the packager makes of them."""

from pathlib import Path

import pytest

from soundstage.audio.codec import OpusEncoder, decode
from soundstage.audio.format import SAMPLE_RATE
from soundstage.audio.synth import STYLES, Synth
from soundstage.plan import STAGES, Programme, make_plan
from soundstage.stages.package import make_packer, write_playlist
from soundstage.stages.ring import Ring, pack_chunks, pack_packets, unpack_chunks, unpack_packets

PROGRAMME = Programme("acme", "x", "pop", seed=1, epoch_ms=0)


def test_a_ring_keeps_the_newest_and_ignores_the_old() -> None:
    ring = Ring(period_s=1.0, keep=3)
    assert ring.newest == -1
    for seq in (5, 6, 7, 8, 7):
        ring.add(seq, bytes([seq]))
    assert [seq for seq, _ in ring.after(-1, limit=9)] == [6, 7, 8]
    assert [seq for seq, _ in ring.after(-1, limit=2)] == [7, 8]
    assert [seq for seq, _ in ring.after(6, limit=1)] == [7]
    assert ring.get(5) is None
    assert 0.1 <= ring.next_in_s() <= 1.1


def test_chunks_and_packets_travel_whole() -> None:
    chunks = [(1, b"one"), (2**40, b""), (3, b"x" * 70_000)]
    assert unpack_chunks(pack_chunks(chunks)) == chunks
    packets = [b"a", b"", b"b" * 1200]
    assert unpack_packets(pack_packets(packets)) == packets


@pytest.mark.parametrize("cut", [1, 11, 14])
def test_a_cut_body_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="cut"):
        unpack_chunks(pack_chunks([(1, b"one")])[:cut])


def test_two_chunks_make_a_segment_and_half_a_pair_makes_none() -> None:
    work, encoder, synth = make_packer(PROGRAMME), OpusEncoder(), Synth(STYLES["pop"], 1)
    payloads = {seq: pack_packets(encoder.encode(synth.render(seq))) for seq in range(3, 8)}
    made = [item for seq in (3, 4, 5, 6) for item in work(seq, payloads[seq])]
    assert [number for number, _ in made] == [2]
    assert decode(made[0][1]).size == pytest.approx(2 * SAMPLE_RATE, abs=400)
    assert list(work(6, payloads[6])) == []
    assert [number for number, _ in work(7, payloads[7])] == [3]


def test_a_playlist_lists_segments_and_marks_a_gap() -> None:
    ring = Ring(period_s=2.0)
    for number in (3, 4, 7):
        ring.add(number, b"s")
    lines = write_playlist(ring).splitlines()
    assert lines[0] == "#EXTM3U"
    assert "#EXT-X-MEDIA-SEQUENCE:3" in lines
    assert lines[-3:] == ["#EXT-X-DISCONTINUITY", "#EXTINF:2.000,", "7.ogg"]
    assert lines.count("#EXT-X-DISCONTINUITY") == 1


def test_a_plan_has_five_stages_three_tenants_and_a_port_each(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    assert tuple(p.name for p in plan.processes[:5]) == STAGES
    assert {p.tenant for p in plan.programmes} == {"acme", "birch", "coral"}
    assert len({p.port for p in plan.processes}) == len(plan.processes) == 8
    assert tuple(p.upstream for p in plan.processes[1:5]) == STAGES[:-1]
