"""Every command's name, options and help; what each does stands in a module of its own."""

from pathlib import Path
from typing import Annotated

import typer

from auscult import __version__

CONFIG = Path("auscult.yaml")
Config = Annotated[Path, typer.Option("-c", "--config", help="The settings file.")]

app = typer.Typer(
    help="Listens to an audio-streaming platform, says what is wrong, wakes the right person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help needs no rich: a quarter of a second at every start
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
score = typer.Typer(help="Score data that lies in a file.", no_args_is_help=True)
audit = typer.Typer(help="The audit log.", no_args_is_help=True)
tenant = typer.Typer(help="Tenants and their keys.", no_args_is_help=True)
app.add_typer(score, name="score")
app.add_typer(audit, name="audit")
app.add_typer(tenant, name="tenant")


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"auscult {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say it.")
    ] = False,
) -> None:
    """Listen, find, tell, heal."""


@app.command()
def run(
    config: Config = CONFIG,
    console: Annotated[bool, typer.Option(help="Write logs for a person, not as JSON.")] = False,
) -> None:
    """Run auscult until SIGTERM or Ctrl-C; SIGHUP reads the settings anew."""
    from auscult.surface.cli.running import run_auscult

    run_auscult(config, console=console)


@app.command()
def check(config: Config = CONFIG) -> None:
    """Check the settings and print what is in force, each value with the place it comes from."""
    from auscult.surface.cli.checking import check_settings

    check_settings(config)


@app.command("list")
def list_plugs(
    shelf: Annotated[str, typer.Argument(help="sources, detectors, channels, ...")] = "",
    json: Annotated[bool, typer.Option("--json", help="Each plug's settings as schema.")] = False,
) -> None:
    """List the plugs on every shelf, or on one."""
    from auscult.surface.cli.listing import list_shelves

    list_shelves(shelf, as_json=json)


@score.command("series")
def score_series(
    file: Annotated[Path, typer.Argument(help="CSV with the columns timestamp,value.")],
    out: Annotated[Path, typer.Option(help="Where timestamp,value,score,alert are written.")],
) -> None:
    """Score one series as if it had come in live: a score never depends on later rows."""
    from auscult.surface.cli.scoring import score_file

    score_file(file, out)


@app.command()
def replay(  # noqa: PLR0917  # typer calls by name
    file: Annotated[Path, typer.Argument(help="CSV with the columns timestamp,value.")],
    config: Config = CONFIG,
    tenant: Annotated[str, typer.Option(help="Whose detectors; the first one by default.")] = "",
    label: Annotated[
        list[str] | None, typer.Option(help="A label of the series, as name=value.")
    ] = None,
) -> None:
    """Tell what a tenant's detectors would have found in a file; nobody is paged."""
    from auscult.surface.cli.replaying import replay_file

    replay_file(file, config, tenant=tenant, labels=label or [])


@audit.command("verify")
def verify(config: Config = CONFIG) -> None:
    """Check the audit chain of every tenant; names the row where one does not hold."""
    from auscult.surface.cli.keeping import verify_audit

    verify_audit(config)


@tenant.command("add")
def add_tenant(  # noqa: PLR0917  # typer calls by name
    name: Annotated[str, typer.Argument(help="A tenant named in the settings.")],
    config: Config = CONFIG,
    role: Annotated[str, typer.Option(help="admin, member, or writer (samples only).")] = "member",
    print_key: Annotated[bool, typer.Option(help="Print the key alone, for scripts.")] = False,
) -> None:
    """Make an API key for a tenant. It is shown once; only its keyed hash is kept."""
    from auscult.surface.cli.keeping import add_key

    add_key(name, config, role=role, bare=print_key)
