"""Files in, advice out: surveyed, tried at a grid of rungs, then between them; in workers.

A file that cannot be judged is left out and said so; the others go on. Rungs between those of the
grid are tried by halving (`performance.codec.halve_gaps`), until the cheapest good one is known to
within 4 kbit/s.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auscult.engine.codec.trying import SURVEY, TRY, read_found
from auscult.engine.jobs import Beat, Budget, Done, Lost, Task, run_tasks
from auscult.kernel.errors import InputError
from auscult.performance.codec import Quality, Rung, halve_gaps
from auscult.performance.codec.advice import Advice, Title, Wishes, advise, needed_score
from auscult.signals.encoding import COMPLEXITY

FILES_MAX = 2_000
ROUNDS_MAX = 4
GRID: dict[str, tuple[int, ...]] = {
    "opus": (24, 32, 48, 64, 80, 96, 112, 128, 160),
    "aac": (48, 64, 96, 128),
    "mp3": (48, 64, 96, 128),
}
"""The rungs every title is tried at."""

Tell = Callable[[int, int, str], None]
"""tell(done, of, what): how far a step of the work is."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be advised on. stretch_s, stretches: how much of each file is listened to.

    own: score by our own measure also where zimtohrli is installed. opus_complexity: what the
    encoder is set to whose ladder it will be. beat: see `run_tasks`.
    """

    files: tuple[Path, ...]
    wishes: Wishes
    codecs: tuple[str, ...] = tuple(GRID)
    stretch_s: float = 8.0
    stretches: int = 3
    own: bool = False
    opus_complexity: int = COMPLEXITY
    budget: Budget = field(default_factory=Budget)
    beat: Beat = lambda: None

    def grid(self) -> list[Rung]:
        """Return the rungs every title is tried at; the fixed one is always among them."""
        rungs = {Rung(codec, rate) for codec in self.codecs for rate in GRID[codec]}
        return sorted(rungs | {self.wishes.fixed})


@dataclass(frozen=True, slots=True)
class Report:
    """advice is None where no title could be judged.

    missing: titles left out, each with its reason. notes: what else was not to be had, by title.
    """

    advice: Advice | None
    missing: dict[str, str]
    notes: dict[str, list[str]]


@dataclass(slots=True)
class _Item:
    """One file under trial: begins_s of its stretches, and what was found at each."""

    name: str
    path: Path
    duration_s: float = 0.0
    found: dict[float, dict[Rung, tuple[float, Quality]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def title(self, fixed: Rung) -> Title:
        """Return it with the stretches that were tried at the fixed rung."""
        whole = tuple(one for one in self.found.values() if fixed in one)
        return Title(self.name, self.duration_s, whole)


def advise_files(order: Order, tell: Tell) -> Report:
    """Return the advice on files and what is missing from it.

    Raises `InputError` without files, with more than 2000, and for a codec unknown here.
    """
    if not 0 < len(order.files) <= FILES_MAX:
        raise InputError(f"{len(order.files)} files; taken are 1 to {FILES_MAX}")
    if unknown := set(order.codecs) - set(GRID):
        known = ", ".join(GRID)
        raise InputError(f"no codec {', '.join(sorted(unknown))}; there are {known}")
    items = _name_items(order.files)
    _survey(items, order, tell)
    _try(items, [(one, order.grid()) for one in items.values()], order, tell=tell)
    for _ in range(ROUNDS_MAX):
        wanted = _refine(items, order)
        if not wanted:
            break
        _try(items, wanted, order, tell=tell)
    return _report(items, order)


def _name_items(files: Sequence[Path]) -> dict[str, _Item]:
    """Name each file by its own name, or by its whole path where two have the same."""
    names = [path.name for path in files]
    pairs = {
        str(path) if names.count(path.name) > 1 else path.name: path
        for path in dict.fromkeys(files)
    }
    return {name: _Item(name, path) for name, path in pairs.items()}


def _survey(items: dict[str, _Item], order: Order, tell: Tell) -> None:
    tasks = [Task(one.name, SURVEY, {"path": str(one.path)}) for one in items.values()]
    for end in _run(tasks, order, tell=tell, what="looking at files"):
        item = items[end.task.name]
        if isinstance(end, Lost):
            item.notes.append(end.reason)
            continue
        item.duration_s = end.answer["duration_s"]
        for begin_s in place_stretches(
            item.duration_s, stretch_s=order.stretch_s, stretches=order.stretches
        ):
            item.found[begin_s] = {}


def place_stretches(duration_s: float, *, stretch_s: float, stretches: int) -> list[float]:
    """Return where stretches begin, in seconds: evenly over the file, none over its end.

    A file of unknown duration is listened to at its beginning.
    """
    count = max(1, min(stretches, int(duration_s / stretch_s)))
    room_s = max(0.0, duration_s - count * stretch_s) / (count + 1)
    return [round(room_s + at * (stretch_s + room_s), 3) for at in range(count)]


def _try(
    items: dict[str, _Item], wanted: list[tuple[_Item, list[Rung]]], order: Order, *, tell: Tell
) -> None:
    tasks = [task for item, rungs in wanted for task in _tasks(item, rungs, order)]
    for end in _run(tasks, order, tell=tell, what="coding and scoring"):
        item, begin_s = items[end.task.name], end.task.words["begin_s"]
        if isinstance(end, Done):
            item.found[begin_s] |= read_found(end.answer)
            continue
        what = end.task.words["rungs"][0][0]
        why = end.reason if end.is_refused else f"{what} at {begin_s:.0f} s: {end.reason}"
        if why not in item.notes:
            item.notes.append(why)


def _tasks(item: _Item, rungs: list[Rung], order: Order) -> Iterator[Task]:
    """One task for each stretch and codec, so that a lost one is a small loss."""
    for begin_s in item.found:
        for codec in sorted({rung.codec for rung in rungs}):
            rates = [[codec, one.nominal_kbps] for one in rungs if one.codec == codec]
            words = {
                "path": str(item.path),
                "begin_s": begin_s,
                "length_s": order.stretch_s,
                "rungs": rates,
                "own": order.own,
                "opus_complexity": order.opus_complexity,
            }
            yield Task(item.name, TRY, words)


def _refine(items: dict[str, _Item], order: Order) -> list[tuple[_Item, list[Rung]]]:
    fixed, wishes = order.wishes.fixed, order.wishes
    trials = {name: one.title(fixed).trials() for name, one in items.items()}
    everyone = [one for some in trials.values() for one in some]
    if not everyone:
        return []
    needed = needed_score(everyone, wishes)
    wanted = []
    for name, some in trials.items():
        if some and (rungs := halve_gaps(some, fixed, needed=needed, guards=wishes.guards)):
            wanted.append((items[name], rungs))
    return wanted


def _run(tasks: list[Task], order: Order, *, tell: Tell, what: str) -> Iterator[Done | Lost]:
    tell(0, len(tasks), what)
    for done, end in enumerate(run_tasks(tasks, order.budget, beat=order.beat), start=1):
        tell(done, len(tasks), f"{what}: {end.task.name}")
        yield end


def _report(items: dict[str, _Item], order: Order) -> Report:
    titles = [one.title(order.wishes.fixed) for one in items.values()]
    judged = [one for one in titles if one.stretches]
    for title in judged:
        planned = len(items[title.name].found)
        if len(title.stretches) < planned:
            heard = f"judged by {len(title.stretches)} of {planned} stretches"
            items[title.name].notes.append(heard)
    names = {one.name for one in judged}
    return Report(
        advice=advise(judged, order.wishes) if judged else None,
        missing={
            name: "; ".join(one.notes) or "nothing of it was heard"
            for name, one in items.items()
            if name not in names
        },
        notes={name: one.notes for name, one in items.items() if name in names and one.notes},
    )
