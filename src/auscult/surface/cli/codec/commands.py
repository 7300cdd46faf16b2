"""The commands below `auscult codec`; what each does stands beside this file."""

from pathlib import Path
from typing import Annotated

import typer

codec = typer.Typer(help="Which codec at which rate, by what is heard.", no_args_is_help=True)


@codec.command("advise")
def advise(  # noqa: PLR0913, PLR0917  # typer calls by name
    files: Annotated[list[Path], typer.Argument(help="Audio files, mono or stereo.")],
    audience: Annotated[
        Path | None, typer.Option(help="CSV with a column throughput_kbps, a row per listener.")
    ] = None,
    throughput_kbps: Annotated[str, typer.Option(help="The same in a few figures: 64,300.")] = "",
    worst_item: Annotated[
        float | None, typer.Option(min=1, max=5, help="Score every title keeps; else the fixed's.")
    ] = None,
    fixed: Annotated[str, typer.Option(help="The rung it is held against.")] = "opus:128",
    codecs: Annotated[str, typer.Option(help="Codecs to try.")] = "opus,aac,mp3",
    steps: Annotated[int, typer.Option(min=1, max=8, help="Steps of a ladder at most.")] = 4,
    stretches: Annotated[int, typer.Option(min=1, max=50, help="Stretches of each file.")] = 3,
    seconds: Annotated[float, typer.Option(min=2, max=30, help="Length of a stretch.")] = 8.0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 2,
    task_seconds: Annotated[float, typer.Option(min=1, help="Time for one task.")] = 180.0,
    memory_mb: Annotated[int, typer.Option(min=256, help="Memory of one worker.")] = 2_048,
    opus_complexity: Annotated[
        int, typer.Option(min=0, max=10, help="What your Opus encoder is set to.")
    ] = 10,
    own: Annotated[bool, typer.Option("--own", help="Score by our own measure.")] = False,
    json: Annotated[Path | None, typer.Option(help="Where the advice is written.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Where the hulls are drawn.")] = None,
) -> None:
    """Try each file at a ladder of codecs and rates; say which rungs are worth their bytes."""
    from auscult.engine.codec.advising import Order
    from auscult.engine.codec.plan import read_rung
    from auscult.engine.jobs import Budget
    from auscult.performance.codec.advice import Wishes
    from auscult.surface.cli.codec.advising import advise_on, choose_audience

    throughput, said = choose_audience(audience, throughput_kbps)
    order = Order(
        files=tuple(files),
        wishes=Wishes(throughput, read_rung(fixed), worst_item, steps),
        codecs=tuple(part.strip() for part in codecs.split(",")),
        stretch_s=seconds,
        stretches=stretches,
        own=own,
        opus_complexity=opus_complexity,
        budget=Budget(workers=workers, task_s=task_seconds, memory_bytes=memory_mb << 20),
    )
    advise_on(order, audience=said, json_file=json, svg_file=svg)


@codec.command("apply")
def apply(
    advice: Annotated[Path, typer.Argument(help="What `auscult codec advise --json` wrote.")],
    plan: Annotated[Path, typer.Option(help="YAML: commands, streams, tenants that allow it.")],
    config: Annotated[
        Path | None, typer.Option("-c", "--config", help="Settings whose audit log is written.")
    ] = None,
) -> None:
    """Apply the advised ladder, listen to the live streams, and keep or revert it."""
    from auscult.surface.cli.codec.applying import apply_advice

    apply_advice(advice, plan, config=config)
