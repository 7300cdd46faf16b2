"""The command line: start, stop, look at, and break the platform."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from soundstage.errors import SoundstageError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A miniature audio-streaming platform of real processes, to be watched and broken.",
)
State = Annotated[Path, typer.Option(help="Folder with everything this platform writes.")]
HERE = Path("var/soundstage")


@app.command()
def up(  # noqa: PLR0913 - one argument per option
    *,
    state: State = HERE,
    foreground: Annotated[bool, typer.Option(help="Stay, and stop it all on Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the synthesised programmes.")] = 1,
    audio: Annotated[Path | None, typer.Option(help="Folder with audio files to play.")] = None,
    ladder: Annotated[str, typer.Option(help="Bit rates in kbit/s, best first.")] = "96,48",
    listeners: Annotated[int, typer.Option(help="Listeners per programme at the peak.")] = 2,
    speedup: Annotated[
        float, typer.Option(help="Their week passes so many times faster; 0: always the peak.")
    ] = 0.0,
    traces: Annotated[str, typer.Option(help="OTLP/HTTP endpoint for spans; none is off.")] = "",
    traces_share: Annotated[float, typer.Option(help="Share that is traced.")] = 0.25,
    events: Annotated[str, typer.Option(help="URL players post events to; none is off.")] = "",
    key_file: Annotated[str, typer.Option(help="File with the API key both are sent with.")] = "",
) -> None:
    """Start the platform."""
    from soundstage.settings import Settings, read_ladder
    from soundstage.supervision.up import bring_up

    settings = Settings(
        ladder_kbps=read_ladder(ladder),
        listeners=listeners,
        speedup=speedup,
        traces_url=traces,
        traces_share=traces_share,
        events_url=events,
        key_file=str(Path(key_file).resolve()) if key_file else "",
    )
    bring_up(state.resolve(), foreground=foreground, seed=seed, audio=audio, settings=settings)


@app.command()
def down(state: State = HERE) -> None:
    """Stop the platform."""
    from soundstage.supervision.daemon import stop

    stop(state.resolve())
    typer.echo("stopped")


@app.command()
def status(state: State = HERE) -> None:
    """Show each process: state, pid, release, replica, address."""
    from soundstage.supervision.status import describe

    for line in describe(state.resolve()):
        typer.echo(line)


@app.command()
def scale(stage: str, count: int, *, state: State = HERE) -> None:
    """Let COUNT replicas of STAGE share the programmes."""
    from soundstage.supervision.replicas import scale as scale_stage

    names = scale_stage(state.resolve(), stage, count)
    typer.echo(f"{stage}: {', '.join(names)}")


@app.command()
def release(process: str, name: str, *, state: State = HERE) -> None:
    """Restart PROCESS (enhance, enhance-2 …) with release NAME."""
    from soundstage.supervision.rollout import roll_out

    roll_out(state.resolve(), process, name)
    typer.echo(f"{process} runs {name}")


@app.command()
def rollback(process: str, *, state: State = HERE) -> None:
    """Restart PROCESS with the release it ran before."""
    from soundstage.supervision.rollout import take_back

    typer.echo(f"{process} runs {take_back(state.resolve(), process)}")


@app.command()
def ladder(rates: str, *, state: State = HERE) -> None:
    """Encode every programme at RATES (kbit/s, best first: 64,32) from now on."""
    from soundstage.settings import read_ladder
    from soundstage.supervision.ladder import change_ladder

    before = change_ladder(state.resolve(), read_ladder(rates))
    typer.echo(f"ladder {rates}; before: {','.join(map(str, before))}")


@app.command()
def campaign(
    *,
    state: State = HERE,
    seed: Annotated[int, typer.Option(help="The same seed breaks the same things.")] = 1,
    minutes: Annotated[float, typer.Option(help="How long it lasts.")] = 20.0,
    only: Annotated[list[str] | None, typer.Option(help="Only these faults.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only print the schedule.")] = False,
) -> None:
    """Break a running platform at random, one thing at a time; the truth comes as NDJSON."""
    from soundstage.campaign.command import run_campaign

    run_campaign(state.resolve(), seed=seed, minutes=minutes, only=only or [], plan_only=plan)


@app.command(name="list")
def list_faults() -> None:
    """List the faults on the shelf and what they break."""
    from soundstage.sabotage import shelf

    for name in shelf.names():
        kind = shelf.load(name)
        what = kind.broken.format(target=kind.target)
        typer.echo(f"{name:<20} {what}; {kind.seconds:.0f} s. A listener: {kind.listener_notices}")


@app.command()
def fault(
    name: str,
    *,
    state: State = HERE,
    target: Annotated[str, typer.Option(help="Process to break; each fault has its own.")] = "",
    seconds: Annotated[float, typer.Option(help="Withdrawn after this long.")] = 0.0,
    setting: Annotated[list[str] | None, typer.Option("--set", help="parameter=value")] = None,
) -> None:
    """Break something for a while; Ctrl-C withdraws it at once."""
    from soundstage.sabotage.command import run_fault

    run_fault(state.resolve(), name, target=target, seconds=seconds, settings=setting or [])


@app.command()
def show(  # noqa: PLR0913 - one argument per option
    *,
    state: State = Path("var/show"),
    duration: Annotated[str, typer.Option("--for", help="As 240s or 4m; else till Ctrl-C.")] = "",
    summary: Annotated[Path | None, typer.Option(help="File for the score as JSON.")] = None,
    no_faults: Annotated[bool, typer.Option("--no-faults", help="Break nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print events as NDJSON.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the synthesised programmes.")] = 1,
    codec: Annotated[
        bool, typer.Option("--codec", help="Encode at 128 kbit/s, and let auscult do better.")
    ] = False,
) -> None:
    """Start the platform and auscult beside it, break things one by one, keep the score."""
    from soundstage.show.conductor import conduct
    from soundstage.show.options import Options, read_duration

    options = Options(
        state=state.resolve(),
        for_s=read_duration(duration) if duration else None,
        summary=summary,
        faults=not no_faults,
        as_json=as_json,
        seed=seed,
        codec=codec,
    )
    raise typer.Exit(conduct(options))


def main() -> None:
    """Run the command line; an error is one line on stderr and exit code 1."""
    try:
        app()
    except SoundstageError as error:
        sys.stderr.write(f"soundstage: {error}\n")
        raise SystemExit(1) from None
