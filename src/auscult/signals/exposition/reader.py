"""Reading what one target shows, again and again.

The text that names a series is the same in every scrape, so it is parsed once and then found in
a dictionary (text → slot). This is exact: only the text of a whole, valid series part is ever put
there, and a line that begins with one can mean no other series.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, SampleRefused, SeriesCapReached
from auscult.kernel.samples import Slots, Times, Values
from auscult.kernel.words import Labels
from auscult.signals.exposition.line import (
    LINE_BYTES_MAX,
    SeriesPart,
    parse_series,
    parse_time_ms,
    parse_value,
)
from auscult.signals.series.kinds import TYPES, Kind, kind_of_name
from auscult.signals.series.labels import NAME_LABEL

OPEN_METRICS = "application/openmetrics-text"
KNOWN_MS_MAX = 1_800_000
"""The dictionary is built anew this often, so that no slot in it can have been evicted."""

_SKIP, _REFUSED = -1, -2
_CREATED = "_created"
_DATED_TYPES = ("counter", "histogram", "summary")
_HASH = ord("#")
_TYPE = b"# TYPE "

SlotOf = Callable[[Labels, Kind], int]
"""Returns a series' slot; may raise `SampleRefused` and `SeriesCapReached`."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """The samples of one scrape: slots int32[n], at_ms int64[n], value float64[n].

    scraped: lines with a sample, taken or not. dated: bool[n], the target itself gave the time.
    refused_labels, refused_cap: samples of series that were not made.
    """

    slots: Slots
    at_ms: Times
    value: Values
    dated: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    scraped: int
    refused_labels: int
    refused_cap: int


@dataclass(slots=True)
class _Page:
    """What one body has said so far."""

    at_ms: int
    open_metrics: bool
    types: dict[str, str] = field(default_factory=dict)
    slots: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    dated: list[int] = field(default_factory=list)
    scraped: int = 0
    refused_labels: int = 0
    refused_cap: int = 0
    ended: bool = False


class ScrapeReader:
    """Reads the texts of one target.

    labels are added to every series; where the target sets one of them itself, its own is kept
    as `exported_<name>`, or wins where `honor_labels`, as in Prometheus.
    """

    def __init__(
        self,
        slot_of: SlotOf,
        labels: Mapping[str, str],
        *,
        honor_labels: bool = False,
        samples_max: int = 100_000,
    ) -> None:
        self._slot_of = slot_of
        self._labels = dict(labels)
        self._honor_labels = honor_labels
        self._samples_max = samples_max
        self._known: dict[bytes, int] = {}
        self._known_since_ms = 0

    def read(self, body: bytes, content_type: str, *, at_ms: int) -> Scraped:
        """Return the samples of a body; at_ms is their time where the target gives none.

        Raises `BodyMalformed` with the number of the line, `BodyTooLarge`.
        """
        if at_ms - self._known_since_ms > KNOWN_MS_MAX or len(self._known) > 2 * self._samples_max:
            self._known, self._known_since_ms = {}, at_ms
        page = _Page(at_ms, content_type.partition(";")[0].strip().lower() == OPEN_METRICS)
        for number, line in enumerate(body.split(b"\n"), 1):
            try:
                self._read_line(line, page)
            except ValueError as why:
                raise BodyMalformed(f"line {number}: {why}", position=number) from None
        if page.open_metrics and not page.ended:
            raise BodyMalformed("the last line must be # EOF", position=body.count(b"\n") + 1)
        return Scraped(
            np.array(page.slots, dtype=np.int32),
            np.array(page.times, dtype=np.int64),
            np.array(page.values, dtype=np.float64),
            np.isin(np.arange(len(page.slots)), page.dated),
            page.scraped,
            page.refused_labels,
            page.refused_cap,
        )

    def _read_line(self, line: bytes, page: _Page) -> None:
        if not line or line.isspace():
            return
        if page.ended:
            raise ValueError("nothing may follow # EOF")
        if line[0] == _HASH:
            _read_comment(line, page)
            return
        if len(line) > LINE_BYTES_MAX:
            page.scraped += 1
            page.refused_labels += 1
            return
        head = line.split(b" # {", 1)[0] if page.open_metrics else line
        end = head.rfind(b"}") + 1 or head.find(b" ")
        slot = self._known.get(head[:end])
        if slot is None:
            slot, end, head = self._read_series(line, page)
        if slot != _SKIP:
            self._read_sample(head[end:], slot, page)

    def _read_sample(self, rest: bytes, slot: int, page: _Page) -> None:
        tokens = rest.split()
        if not 1 <= len(tokens) <= 2:  # noqa: PLR2004 - a value, and perhaps a time
            raise ValueError("a value, and at most a timestamp, are expected after the series")
        value = parse_value(tokens[0])
        page.scraped += 1
        if page.scraped > self._samples_max:
            raise BodyTooLarge(f"more than {self._samples_max} samples")
        at_ms = page.at_ms
        if len(tokens) > 1:
            at_ms = parse_time_ms(tokens[1], open_metrics=page.open_metrics)
        if slot != _REFUSED:
            if len(tokens) > 1:
                page.dated.append(len(page.slots))
            page.slots.append(slot)
            page.values.append(value)
            page.times.append(at_ms)

    def _read_series(self, line: bytes, page: _Page) -> tuple[int, int, bytes]:
        """Parse a line that is not known: its slot, and where its value begins in which bytes."""
        text = line.decode()
        part = parse_series(text)
        end = len(text[: part.end].encode())
        head = line[end:].split(b"#", 1)[0] if page.open_metrics else line[end:]
        slot = _SKIP if _is_created(part.name, page.types) else self._make_slot(part, page)
        if slot != _REFUSED:
            self._known[line[:end]] = slot
        return slot, 0, head

    def _make_slot(self, part: SeriesPart, page: _Page) -> int:
        try:
            return self._slot_of(self._full_labels(part), kind_of_name(part.name, page.types))
        except SampleRefused:
            page.refused_labels += 1
        except SeriesCapReached:
            page.refused_cap += 1
        return _REFUSED

    def _full_labels(self, part: SeriesPart) -> Labels:
        if len(dict(part.labels)) != len(part.labels):
            raise SampleRefused("a label name comes twice")
        own = {**dict(part.labels), NAME_LABEL: part.name}
        added = dict(self._labels)
        for name in own.keys() & added.keys():
            if self._honor_labels:
                del added[name]
            else:
                own[_exported_name(name, own)] = own.pop(name)
        return tuple(sorted((own | added).items()))


def _exported_name(name: str, own: Mapping[str, str]) -> str:
    exported = f"exported_{name}"
    while exported in own:
        exported = f"exported_{exported}"
    return exported


def _is_created(name: str, types: Mapping[str, str]) -> bool:
    """Say whether a sample is the time at which another one began, by its family's type."""
    if not name.endswith(_CREATED):
        return False
    family = name[: -len(_CREATED)]
    return types.get(family) in _DATED_TYPES or types.get(f"{family}_total") == "counter"


def _read_comment(line: bytes, page: _Page) -> None:
    if line.startswith(_TYPE):
        family, _, declared = " ".join(line[len(_TYPE) :].decode().split()).partition(" ")
        kind = declared.lower()
        if kind not in TYPES:
            raise ValueError("# TYPE needs a metric name and a known type")
        page.types[family] = kind
    elif page.open_metrics and line.rstrip() == b"# EOF":
        page.ended = True
