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
def up(
    *,
    state: State = HERE,
    foreground: Annotated[bool, typer.Option(help="Stay, and stop it all on Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the synthesised programmes.")] = 1,
    audio: Annotated[Path | None, typer.Option(help="Folder with audio files to play.")] = None,
) -> None:
    """Start the platform."""
    from soundstage.supervision.up import bring_up

    bring_up(state.resolve(), foreground=foreground, seed=seed, audio=audio)


@app.command()
def down(state: State = HERE) -> None:
    """Stop the platform."""
    from soundstage.supervision.daemon import stop

    stop(state.resolve())
    typer.echo("stopped")


@app.command()
def status(state: State = HERE) -> None:
    """Show each process: state, pid, address."""
    from soundstage.plan import load_plan
    from soundstage.supervision.rpc import Supervisor

    plan = load_plan(state.resolve())
    states = Supervisor(plan.supervisor_socket).states()
    for process in plan.processes:
        word, pid = states[process.name]
        typer.echo(f"{process.name:<18} {word.lower():<10} {pid or '-':>8}  {process.url}")


@app.command(name="list")
def list_faults() -> None:
    """List the faults on the shelf and what they break."""
    from soundstage.sabotage import shelf

    for name in shelf.names():
        kind = shelf.load(name)
        what = kind.broken.format(target=kind.target)
        typer.echo(f"{name:<12} {what}; {kind.seconds:.0f} s. A listener: {kind.listener_notices}")


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
    )
    raise typer.Exit(conduct(options))


def main() -> None:
    """Run the command line; an error is one line on stderr and exit code 1."""
    try:
        app()
    except SoundstageError as error:
        sys.stderr.write(f"soundstage: {error}\n")
        raise SystemExit(1) from None
