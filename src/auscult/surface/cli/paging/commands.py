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
