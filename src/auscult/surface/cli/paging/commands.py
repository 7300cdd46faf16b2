"""The commands of `auscult page`."""

from pathlib import Path
from typing import Annotated

import typer

page = typer.Typer(help="Pages to people.", no_args_is_help=True)


@page.command("test")
def send_test(
    tenant: Annotated[str, typer.Argument(help="A tenant named in the settings.")],
    config: Annotated[Path, typer.Option("-c", "--config", help="The settings file.")] = Path(
        "auscult.yaml"
    ),
    channel: Annotated[
        list[str] | None, typer.Option(help="A channel by its name; all without it.")
    ] = None,
) -> None:
    """Page a tenant's channels about nothing, by the auscult that runs; fails where one fails."""
    from auscult.surface.cli.paging.testing import page_channels

    page_channels(config, tenant, channel or [])


@page.command("mute")
def mute(  # noqa: PLR0913, PLR0917  # typer calls by name
    tenant: Annotated[str, typer.Argument(help="A tenant named in the settings.")],
    calendar: Annotated[Path, typer.Argument(help="An iCalendar file: its events are windows.")],
    match: Annotated[
        list[str], typer.Option(help="What is muted, as service=edge; several must all hold.")
    ],
    config: Annotated[Path, typer.Option("-c", "--config", help="The settings file.")] = Path(
        "auscult.yaml"
    ),
    name: Annotated[str, typer.Option(help="By what it is known when read again; its name.")] = "",
    days: Annotated[int, typer.Option(min=1, max=365, help="How far ahead.")] = 60,
) -> None:
    """Mute what matches during the events of a calendar; read again, only changes are made."""
    from auscult.surface.cli.paging.muting import mute_by_calendar

    mute_by_calendar(config, tenant, calendar, name=name, match=match, days=days)
