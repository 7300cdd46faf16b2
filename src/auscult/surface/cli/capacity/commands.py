"""The commands below `auscult capacity`; what each does stands beside this file."""

from pathlib import Path
from typing import Annotated

import typer

capacity = typer.Typer(help="How many replicas, workers, bytes of cache.", no_args_is_help=True)
Plan = Annotated[Path, typer.Argument(help="YAML: a Prometheus, queries of pools, logs of caches.")]


@capacity.command("advise")
def advise(
    plan: Plan,
    json: Annotated[Path | None, typer.Option(help="Where the advice is written.")] = None,
) -> None:
    """Say which size each pool and cache should have, and what to expect of it."""
    from auscult.surface.cli.capacity.advising import advise_on

    advise_on(plan, json_file=json)


@capacity.command("judge")
def judge(
    plan: Plan,
    advice: Annotated[Path, typer.Option(help="What `auscult capacity advise --json` wrote.")],
) -> None:
    """Say of advice that was followed what it brought, and whether to keep it; 1 where not."""
    from auscult.surface.cli.capacity.judging import judge_advice

    judge_advice(plan, advice)
