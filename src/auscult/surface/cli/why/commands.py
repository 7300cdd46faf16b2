"""The commands about who is told; what each does stands beside this file."""

from pathlib import Path
from typing import Annotated

import typer

CONFIG = Path("auscult.yaml")
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def why(  # noqa: PLR0913, PLR0917  # typer calls by name
    incident: Annotated[str, typer.Argument(help="The id of an incident.")] = "",
    config: Annotated[Path, typer.Option("-c", "--config", help="The settings file.")] = CONFIG,
    person: Annotated[str, typer.Option(help="Say why this person was called, or not.")] = "",
    tenant: Annotated[str, typer.Option(help="Whose incident; looked for by default.")] = "",
    alert: Annotated[
        list[str] | None,
        typer.Option(help="Of alerts instead: a matcher, as alertname=Down; all must fit."),
    ] = None,
    json: Json = False,
) -> None:
    """Say who was told of an incident, by what, and why nobody else was."""
    from auscult.surface.cli.why.telling import tell_why, tell_why_alerts

    if bool(incident) is bool(alert):
        raise typer.BadParameter("name an incident, or alerts by --alert")
    if alert:
        tell_why_alerts(alert, config, tenant=tenant, as_json=json)
        return
    tell_why(incident, config, person=person, tenant=tenant, as_json=json)


def whatif(  # noqa: PLR0917  # typer calls by name
    config: Annotated[Path, typer.Option("-c", "--config", help="The settings to try.")],
    tenant: Annotated[str, typer.Argument(help="Whose incidents; the first tenant's.")] = "",
    present: Annotated[Path, typer.Option(help="The settings in force, with the store.")] = CONFIG,
    days: Annotated[int, typer.Option(help="The incidents of the last so many days.")] = 30,
    json: Json = False,
) -> None:
    """Say which pages other settings would have added and removed; nobody is told anything."""
    from auscult.surface.cli.why.comparing import compare_settings

    compare_settings(config, present, tenant=tenant, days=days, as_json=json)
