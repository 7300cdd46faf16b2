"""Every command's name, options and help; what each does stands in a module of its own."""

from pathlib import Path
from typing import Annotated

import typer

from auscult import __version__
from auscult.surface.cli.capacity.commands import capacity
from auscult.surface.cli.codec.commands import codec
from auscult.surface.cli.oncall.commands import oncall
from auscult.surface.cli.paging.commands import page
from auscult.surface.cli.why.commands import whatif, why

CONFIG = Path("auscult.yaml")
Config = Annotated[Path, typer.Option("-c", "--config", help="The settings file.")]
Tenant = Annotated[str, typer.Argument(help="A tenant named in the settings.")]

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
secret = typer.Typer(help="Sealed secrets, as vault:NAME in the settings.", no_args_is_help=True)
app.add_typer(score, name="score")
app.add_typer(audit, name="audit")
app.add_typer(tenant, name="tenant")
app.add_typer(secret, name="secret")
app.add_typer(codec, name="codec")
app.add_typer(capacity, name="capacity")
app.add_typer(page, name="page")
app.command("why")(why)
app.command("whatif")(whatif)
app.add_typer(oncall, name="oncall")


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
    from auscult.surface.cli.settings.checking import check_settings

    check_settings(config)


@app.command()
def preview(  # noqa: PLR0917  # typer calls by name
    config: Config = CONFIG,
    tenant: Annotated[str, typer.Option(help="Whose messages; the first one by default.")] = "",
    incident: Annotated[str, typer.Option(help="Of this incident, not of a sample.")] = "",
    channel: Annotated[str, typer.Option(help="Of this channel only.")] = "",
) -> None:
    """Print what each channel is told of an incident: as it opens, is taken, and ends."""
    from auscult.surface.cli.settings.previewing import preview_messages

    preview_messages(config, tenant=tenant, incident=incident, channel=channel)


@app.command()
def probe(  # noqa: PLR0917  # typer calls by name
    to: Annotated[str, typer.Option("--to", help="The auscult that watches, as http://host:port.")],
    config: Config = CONFIG,
    tenant: Annotated[str, typer.Option(help="Whose probes; the first one by default.")] = "",
    vantage: Annotated[str, typer.Option(help="The name of this place.")] = "",
) -> None:
    """Listen to a tenant's streams from here and report there, with the key in AUSCULT_KEY."""
    from auscult.surface.cli.probing import report_streams

    report_streams(config, tenant=tenant, to=to, vantage=vantage)


@app.command("list")
def list_plugs(
    shelf: Annotated[str, typer.Argument(help="sources, detectors, channels, ...")] = "",
    json: Annotated[bool, typer.Option("--json", help="Each plug's settings as schema.")] = False,
) -> None:
    """List the plugs on every shelf, or on one."""
    from auscult.surface.cli.listing import list_shelves

    list_shelves(shelf, as_json=json)


@app.command("import")
def import_alertmanager(
    file: Annotated[Path, typer.Argument(help="An alertmanager.yml.")],
    tenant: Annotated[str, typer.Option(help="Whose settings it becomes.")] = "main",
) -> None:
    """Translate an Alertmanager configuration into settings, and say what could not be."""
    from auscult.surface.cli.settings.importing import import_config

    import_config(file, tenant)


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
def verify(
    config: Config = CONFIG,
    tenant: Annotated[str, typer.Option(help="Whose log; everyone's by default.")] = "",
    expect: Annotated[
        str, typer.Option(help="A head noted earlier, ROWS:HASH, which the log must contain.")
    ] = "",
) -> None:
    """Check each tenant's audit chain and print its head; names the row where one does not hold."""
    from auscult.surface.cli.proving import verify_audit

    verify_audit(config, tenant=tenant, expected=expect)


@audit.command("seal")
def seal(tenant: Tenant, config: Config = CONFIG) -> None:
    """Accept a tenant's chain as it is and seal its head: after an upgrade, or a lost key."""
    from auscult.surface.cli.proving import seal_audit

    seal_audit(tenant, config)


@tenant.command("add")
def add_tenant(  # noqa: PLR0917  # typer calls by name
    tenant: Tenant,
    config: Config = CONFIG,
    role: Annotated[
        str, typer.Option(help="admin, member, writer (samples only), calendar (.ics only).")
    ] = "member",
    name: Annotated[str, typer.Option(help="Whose key it is: the actor of what it does.")] = "",
    print_key: Annotated[bool, typer.Option(help="Print the key alone, for scripts.")] = False,
) -> None:
    """Make an API key for a tenant. It is shown once; only its keyed hash is kept."""
    from auscult.surface.cli.keeping import add_key

    add_key(tenant, config, role=role, person=name, bare=print_key)


@tenant.command("keys")
def list_keys(tenant: Tenant, config: Config = CONFIG) -> None:
    """List a tenant's keys: id, role, name, since when, and whether it was revoked."""
    from auscult.surface.cli.keeping import list_keys

    list_keys(tenant, config)


@tenant.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id, as `auscult tenant keys` lists it.")],
    config: Config = CONFIG,
) -> None:
    """Refuse a key from now on; a running auscult does so within five seconds."""
    from auscult.surface.cli.keeping import revoke_key

    revoke_key(key_id, config)


@secret.command("set")
def set_secret(
    tenant: Tenant,
    name: Annotated[str, typer.Argument(help="As in vault:NAME.")],
    config: Config = CONFIG,
) -> None:
    """Seal a secret; the value comes from standard input or a prompt, never from the command."""
    from auscult.surface.cli.sealing import set_secret

    set_secret(tenant, name, config)


@secret.command("list")
def list_secrets(tenant: Tenant, config: Config = CONFIG) -> None:
    """List the names of a tenant's secrets, never a value."""
    from auscult.surface.cli.sealing import list_secrets

    list_secrets(tenant, config)


@secret.command("remove")
def remove_secret(
    tenant: Tenant,
    name: Annotated[str, typer.Argument(help="As in vault:NAME.")],
    config: Config = CONFIG,
) -> None:
    """Delete a secret."""
    from auscult.surface.cli.sealing import remove_secret

    remove_secret(tenant, name, config)
