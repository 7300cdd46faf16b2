"""`auscult codec advise`: progress while it works, then a table, a file of advice and a picture."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auscult.engine.codec.advising import Order, Report, advise_files
from auscult.engine.codec.audience import assume_audience, parse_audience, read_audience
from auscult.engine.codec.papers import write_paper
from auscult.kernel.errors import SettingError
from auscult.performance.codec import Rung
from auscult.performance.codec.advice import Advice
from auscult.surface.hulls import draw_paper

if TYPE_CHECKING:
    from rich.table import Table

NOT_ALL = 1
"""Exit code where a title is missing from the advice."""

INTERRUPTED = 130


def advise_on(
    order: Order, *, audience: str, json_file: Path | None, svg_file: Path | None
) -> None:
    """Advise, print, write; ends with 1 where a title is missing, 130 after Ctrl-C.

    Raises `InputError` for an order that cannot be, `SettingError` for a file that cannot be
    written.
    """
    for file in (json_file, svg_file):
        if file is not None and not file.resolve().parent.is_dir():
            raise SettingError(f"{file}: its folder is not there")
    try:
        report = _work(order)
    except KeyboardInterrupt:
        sys.stderr.write("auscult: stopped; no worker is left, nothing was written\n")
        raise SystemExit(INTERRUPTED) from None
    paper = write_paper(report, order.wishes.throughput_kbps)
    if json_file is not None:
        _write(json_file, json.dumps(paper, indent=1) + "\n")
    if svg_file is not None and report.advice is not None:
        _write(svg_file, draw_paper(paper))
    _print(report, audience)
    if report.missing:
        raise SystemExit(NOT_ALL)


def choose_audience(file: Path | None, figures: str) -> tuple[NDArray[np.float64], str]:
    """Return the listeners' throughput, and in words where it is from."""
    if file is not None and figures:
        raise SettingError("give --audience or --throughput-kbps, not both")
    if file is not None:
        found = read_audience(file)
        return found, f"{found.size} listeners of {file.name}"
    if figures:
        found = parse_audience(figures)
        return found, f"{found.size} throughputs"
    return assume_audience(), "an assumed audience (median 1 Mbit/s): give --audience for your own"


def _work(order: Order) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=None, what="")

        def tell(done: int, total: int, what: str) -> None:
            progress.update(bar, completed=done, total=total, what=what)

        return advise_files(order, tell)


def _print(report: Report, audience: str) -> None:
    from rich.console import Console

    console = Console()
    if report.advice is not None:
        advice = report.advice
        console.print(_tabulate_titles(advice))
        console.print(_tabulate_ladder(advice))
        console.print(
            f"{advice.saved_share:.1%} of all bytes saved against {_name(advice.fixed)} for "
            f"everything; every title scores {advice.needed:.3f} or more ({advice.measure}).",
            highlight=False,
        )
        console.print(f"The ladder is for {audience}.", highlight=False)
    for name, notes in report.notes.items():
        console.print(f"note: {name}: {'; '.join(notes)}", highlight=False, markup=False)
    for name, why in report.missing.items():
        console.print(f"missing: {name}: {why}", highlight=False, markup=False)


def _tabulate_titles(advice: Advice) -> "Table":
    table = _table(
        "Each title", ["title", "rung", "real kbit/s", "score", _name(advice.fixed), "saved"]
    )
    for one in advice.titles:
        choice = one.choice
        before = f"{choice.before_kbps:.0f} · {choice.before_score:.3f}"
        saved = "-" if choice.is_kept else f"{choice.saved_share:.1%}"
        figures = (f"{choice.real_kbps:.0f}", f"{choice.score:.3f}", before, saved)
        table.add_row(choice.item, _name(choice.rung), *figures)
    return table


def _tabulate_ladder(advice: Advice) -> "Table":
    table = _table("One ladder for all titles", ["step", "real kbit/s", "worst title"])
    for step in reversed(advice.ladder.steps if advice.ladder else ()):
        table.add_row(_name(step.rung), f"{step.real_kbps:.0f}", f"{step.worst_score:.3f}")
    if advice.ladder is None:
        table.add_row("none passes the guards with every title", "", "")
    return table


def _table(title: str, columns: list[str]) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold")
    for at, name in enumerate(columns):
        kind: dict[str, Any] = {"overflow": "fold"} if at == 0 else {"no_wrap": True}
        table.add_column(name, justify="left" if at < 2 else "right", **kind)  # noqa: PLR2004  # names
    return table


def _name(rung: Rung) -> str:
    return f"{rung.codec} {rung.nominal_kbps}k"


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as why:
        raise SettingError(f"{file}: {why.strerror}") from None
