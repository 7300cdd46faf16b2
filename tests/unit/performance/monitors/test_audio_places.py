"""Places at which a programme is heard come and go: nothing heals by falling silent."""

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from pydantic import ValidationError

from auscult.detection.remarks import Ledger, Remark
from auscult.kernel.findings import Phase
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Subject, TenantId
from auscult.performance.monitors import audio_quality
from auscult.performance.port import MONITORS, Keeper, Lookout, View
from auscult.performance.quality.places import GIVEN_UP_MS, SILENT_MS, TAPS_MAX

ACME = TenantId("acme")
RATE_HZ = 16_000
BEGAN_MS = 1_700_000_000_000
EDGE = Stream("pop at edge", "pop", Subject(service="edge"), 4, labels=(("pod", "a"),))


ENHANCE = replace(EDGE, name="pop at enhance", subject=Subject(service="enhance"), hop=1)


def kinds(told: list[str]) -> list[str]:
    return [one.partition(":")[0] for one in told]


@dataclass
class Ears:
    """A monitor that looks twice a second, and the ledger of what it says."""

    lookout: Lookout = field(default_factory=lambda: MONITORS.make("audio_quality", {}).begin())
    ledger: Ledger = field(default_factory=lambda: Ledger(ACME))
    now_ms: int = BEGAN_MS
    told: list[str] = field(default_factory=list)
    said: list[Remark] = field(default_factory=list)

    def look(
        self, *sounds: tuple[Stream, Heard | Unheard], after_ms: int = 500, **more: object
    ) -> None:
        self.now_ms += after_ms
        view = replace(View(ACME, self.now_ms, sounds=sounds), **more)  # type: ignore[arg-type]
        self.said = list(self.lookout.look(view))
        told = self.ledger.hear(("ear", "ear"), self.said, quiet_ms=10_000, now_ms=self.now_ms)
        for one in told:
            fires = one.finding.phase is Phase.FIRING
            sentence = one.finding.evidence.sentence
            self.told.append(f"{'+' if fires else '-'}{one.finding.signal}: {sentence}")

    def hear(self, *streams: Stream, seconds: float = 4, level: float = 0.1) -> None:
        for _ in range(round(2 * seconds)):
            self.look(*((one, self.sound(level)) for one in streams))

    def wait(self, seconds: float, *, every_s: float = 0.5, **more: object) -> None:
        for _ in range(round(seconds / every_s)):
            self.look(after_ms=round(1_000 * every_s), **more)

    def sound(self, level: float = 0.1) -> Heard:
        at = (np.arange(RATE_HZ // 2) + self.now_ms * RATE_HZ // 1_000) / RATE_HZ
        tone = level * (np.sin(2 * np.pi * 220 * at) + 0.3 * np.sin(2 * np.pi * 997 * at))
        samples = np.stack([tone, 0.8 * tone], axis=1).astype(np.float32)
        return Heard(samples, RATE_HZ, self.now_ms + 500, 1)

    def unheard(self, why: Why) -> Unheard:
        return Unheard(why, self.now_ms + 500, "so it was told")

    @property
    def signals(self) -> list[str]:
        return [one.signal for one in self.said]


def test_a_place_that_falls_silent_is_not_told_to_be_well_again() -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.wait(20)
    assert ears.told == ["+unheard: pop at edge: cannot be heard: nothing comes"]
    ears.wait(3 * SILENT_MS / 1_000, every_s=30)
    by_its_own_name, by_the_programmes = ears.told[1:]
    assert by_its_own_name == ears.told[0]
    assert by_the_programmes.startswith("-unheard: pop at edge: nothing has come from there")
    assert [one.about for one in ears.said] == [EDGE.name]
    ears.hear(EDGE, seconds=12)
    assert ears.told[3:] == ["-unheard: pop at edge: no unheard any more"], "it is heard well"


def test_a_fault_at_a_place_that_falls_silent_was_not_heard_to_heal() -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.hear(EDGE, level=0, seconds=6)
    ears.wait(60)
    assert kinds(ears.told) == ["+silence", "+unheard"]
    ears.hear(EDGE, seconds=14)
    assert sorted(kinds(ears.told[2:])) == ["-silence", "-unheard"]
    assert not [told for told in ears.told if "nobody can tell" in told]


def test_a_place_that_fell_silent_hides_no_other_one() -> None:
    ears = Ears()
    ears.hear(ENHANCE, EDGE)
    ears.hear(EDGE, seconds=20)
    for _ in range(45):
        ears.wait(30, every_s=30)
        ears.hear(EDGE, seconds=0.5)
    assert [one.about for one in ears.said if one.signal == "unheard"] == [ENHANCE.name]
    told = len(ears.told)
    ears.hear(EDGE)
    ears.wait(20)
    assert ears.told[told:] == ["+unheard: pop at edge: cannot be heard: nothing comes"], (
        "another place is another fault"
    )


def test_who_waits_a_day_is_told_that_nobody_knows() -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.wait(20)
    ears.wait(GIVEN_UP_MS / 1_000 + 120, every_s=60)
    assert kinds(ears.told[1:]) == ["+unheard", "-unheard", "-unheard"]
    assert ears.told[3].startswith("-unheard: pop at edge: nothing has come from there for a day")
    assert "nobody can tell" in ears.told[3]
    assert not ears.said


def test_a_person_ends_a_place_that_is_silent_and_no_other() -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.wait(20)
    ears.look(ended=frozenset({("pop", "unheard")}))
    assert ears.signals == ["unheard"], "it may come back any moment"
    ears.wait(2 * SILENT_MS / 1_000, every_s=30)
    ears.look(ended=frozenset({("jazz", "unheard")}))
    assert ears.signals == ["unheard"], "that is another's"
    ears.look(ended=frozenset({(EDGE.name, "unheard")}))
    assert "ended by a person" in ears.told[-1]
    ears.wait(60)
    assert kinds(ears.told) == ["+unheard", "+unheard", "-unheard", "-unheard"]


@pytest.mark.parametrize("why", [Why.COMPLETE, Why.LEFT])
def test_what_is_complete_or_was_left_is_no_fault(why: Why) -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.look((EDGE, ears.unheard(why)))
    ears.wait(120)
    assert ears.told == []
    ears.hear(EDGE, seconds=8)
    ears.wait(20)
    assert [told.partition(":")[0] for told in ears.told] == ["+unheard"], "heard again, it counts"
    ears.look((EDGE, ears.unheard(why)))
    assert ears.told[-1].startswith("-unheard: pop at edge: ")
    assert "nobody can tell" in ears.told[-1]


def test_a_stream_that_ends_although_it_was_to_go_on_is_a_fault() -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.look((EDGE, ears.unheard(Why.ENDED)))
    ears.wait(20)
    assert ears.signals == ["unheard"]


def test_two_streams_of_one_name_are_not_mixed_and_the_first_is_heard_on() -> None:
    ears = Ears()
    other = replace(EDGE, labels=(("pod", "b"),))
    ears.hear(EDGE, other, seconds=6)
    ears.hear(EDGE, other, level=0, seconds=6)
    assert ears.signals == ["silence", "name_clash"], "each beginning anew would hear nothing"
    assert "only the first one is heard" in ears.said[1].sentence
    assert dict(ears.said[0].labels)["pod"] == "a"
    ears.hear(other, seconds=70)
    assert ears.signals == [], "the other one takes over where the first is heard no more"
    assert not [told for told in ears.told if "unheard" in told]


def test_another_rendition_of_a_stream_is_the_same_stream() -> None:
    ears = Ears()
    low = replace(EDGE, labels=(*EDGE.labels, ("rendition", "48k")))
    high = replace(EDGE, labels=(*EDGE.labels, ("rendition", "96k")))
    ears.hear(high, seconds=6)
    ears.hear(low, seconds=6)
    assert ears.signals == []
    ears.hear(low, level=0, seconds=6)
    assert ears.signals == ["silence"]
    assert dict(ears.said[0].labels)["rendition"] == "48k"


def test_sound_that_breaks_one_ear_is_told_of_that_stream_alone() -> None:
    ears = Ears()
    slow = Stream("news at edge", "news", Subject(service="edge"))
    bad = Heard(np.zeros((2_000, 1), np.float32), 4_000, BEGAN_MS, 1)
    odd = Stream("talk at edge", "talk", Subject(service="edge"))
    for _ in range(16):
        nan = ears.sound(np.nan)
        ears.look((slow, bad), (odd, nan), (EDGE, ears.sound()))
    assert sorted((one.about, one.signal) for one in ears.said) == [
        ("news", "unheard"),
        ("talk", "unheard"),
    ]
    (said,) = (one.sentence for one in ears.said if one.about == "news")
    assert "malformed: 4000 Hz is no rate of sound" in said


def test_a_place_that_is_silent_makes_room_and_says_so() -> None:
    ears = Ears()
    ears.hear(EDGE)
    ears.wait(20)
    ears.wait(2 * SILENT_MS / 1_000, every_s=30)
    many = [replace(EDGE, name=f"pop at {n}") for n in range(TAPS_MAX)]
    ears.look(*((one, ears.unheard(Why.SLOW)) for one in many))
    assert "its place was needed" in ears.told[-1]


def test_a_programme_that_is_silent_makes_room_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audio_quality, "PROGRAMMES_MAX", 1)
    ears = Ears()
    ears.hear(EDGE)
    ears.wait(20)
    jazz = replace(EDGE, programme="jazz", name="jazz at edge")
    ears.hear(jazz, seconds=20)
    assert ears.signals == ["unheard", "programmes_turned_away"], "there is no room, and it is said"
    ears.wait(2 * SILENT_MS / 1_000, every_s=30)
    ears.hear(jazz)
    ears.hear(jazz, level=0, seconds=6)
    assert [one for one in ears.told if "its place was needed" in one]
    assert ears.signals == ["silence"]


def restarted(ears: Ears, *, down_s: float = 5) -> Ears:
    """Return the ears of the next start, and the same ledger."""
    assert isinstance(ears.lookout, Keeper)
    memory = json.loads(json.dumps(ears.lookout.keep()))
    now_ms = ears.now_ms + round(1_000 * down_s)
    lookout = MONITORS.make("audio_quality", {}).resume(memory, now_ms=now_ms)
    return replace(ears, lookout=lookout, now_ms=now_ms, said=[])


REPORTED = replace(EDGE, name="pop at edge from fra1", vantage="fra1", is_reported=True)


def test_an_agent_that_was_missing_is_missing_still_after_a_restart() -> None:
    ears = Ears()
    ears.hear(REPORTED, EDGE)
    ears.wait(60)
    again = restarted(ears)
    again.look()
    (said,) = again.said
    assert (said.signal, said.labels) == ("unheard", REPORTED.labels)
    again.wait(2 * SILENT_MS / 1_000, every_s=30)
    assert kinds(again.told) == ["+unheard", "+unheard", "-unheard"], "by its own name at last"
    again = restarted(again)
    again.wait(60)
    assert len(again.told) == 3, "told once, and not healed"
    again.hear(REPORTED, seconds=14)
    assert kinds(again.told[3:]) == ["-unheard"]


def test_an_agent_that_died_while_nobody_looked_is_missed_after_its_grace() -> None:
    ears = Ears()
    ears.hear(REPORTED, seconds=10)
    again = restarted(ears)
    again.wait(30)
    assert again.told == []
    again.wait(10)
    assert again.signals == ["unheard"]


def test_an_agent_that_comes_back_and_a_probe_that_was_taken_away_are_no_fault() -> None:
    ears = Ears()
    ears.hear(REPORTED, EDGE, seconds=10)
    again = restarted(ears)
    again.wait(5)
    again.hear(REPORTED, seconds=60)
    assert again.told == []


def test_a_memory_that_is_none_is_refused() -> None:
    plug = MONITORS.make("audio_quality", {})
    with pytest.raises(ValidationError):
        plug.resume({"places": 1}, now_ms=0)
