"""The commands below `auscult oncall`; what each does stands beside this file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

CONFIG = Path("auscult.yaml")
Config = Annotated[Path, typer.Option("-c", "--config", help="The settings file.")]
WHO = "who"


class _Group(TyperGroup):
    """A group in which `auscult oncall`, with a tenant or without, is `auscult oncall who`."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [WHO, *args]
        return super().parse_args(ctx, args)


oncall = typer.Typer(
    cls=_Group, help="Who is on call: now, at another time, and as a calendar (TENANT is 'who')."
)


@oncall.command(WHO)
def who(
    tenant: Annotated[str, typer.Argument(help="A tenant; all of them without it.")] = "",
    at: Annotated[str, typer.Option(help="When, in RFC 3339: 2026-12-01T03:00:00Z.")] = "",
    config: Config = CONFIG,
) -> None:
    """Say who is on call in each schedule, why, until when, and who is next."""
    from auscult.surface.cli.oncall.telling import tell_who

    tell_who(tenant, at=at, config=config)


@oncall.command("check")
def check(
    config: Config = CONFIG,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead is looked.")] = 30,
) -> None:
    """Look for gaps, overlaps and names that mean nobody; the exit code is 1 where there is one."""
    from auscult.surface.cli.oncall.checking import check_schedules

    check_schedules(config, days=days)


@oncall.command("export")
def export(
    schedule: Annotated[str, typer.Argument(help="A schedule's name.")],
    *,
    tenant: Annotated[str, typer.Option(help="Whose, where several tenants have it.")] = "",
    person: Annotated[str, typer.Option(help="Only the shifts of somebody.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead.")] = 120,
    config: Config = CONFIG,
) -> None:
    """Print a schedule as iCalendar."""
    from auscult.surface.cli.oncall.telling import export_schedule

    export_schedule(schedule, tenant=tenant, person=person, days=days, config=config)
