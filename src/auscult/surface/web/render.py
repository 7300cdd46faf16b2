"""The template environment: what every page knows, and the words templates may use."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from auscult import __version__
from auscult.surface.api.access import Caller, engine_of
from auscult.surface.web import words
from auscult.surface.web.keys import KEYS
from auscult.surface.web.vendor import missing_libraries

_HERE = Path(__file__).parent


@cache
def templates() -> Environment:
    """Return the one environment; an unknown name in a template is an error, not a blank."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        version=__version__,
        shapes=words.SHAPES,
        naming=words.naming,
        plotted=words.plotted,
        standing=words.standing,
        first_sign=words.first_sign,
        chance=words.chance,
        figure=words.figure,
        lasting=words.lasting,
        took=words.took,
        seconds=words.seconds,
        percent=words.percent,
        keys=KEYS,
        has_script=not missing_libraries(),
    )
    return environment


def render(request: Request, name: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page; `caller` may be absent (login, errors)."""
    now_ms = engine_of(request).clock.now_ms()
    caller: Caller | None = getattr(request.state, "caller", None)

    known = {"request": request, "caller": caller, "now_ms": now_ms, **_times(now_ms)}
    return HTMLResponse(templates().get_template(name).render(values | known), status)


def _times(now_ms: int) -> dict[str, Callable[..., str]]:
    """Return the three ways a template writes a moment, all seen from the same now."""

    def ago(at_ms: int) -> str:
        return f"{words.lasting(max(0, now_ms - at_ms))} ago"

    def at(at_ms: int | None) -> Markup:
        if at_ms is None:
            return Markup("–")
        shown = Markup('<time datetime="{}">{}</time>')
        return shown.format(words.iso(at_ms), words.clock(at_ms, now_ms))

    def time(at_ms: int | None) -> Markup:
        if at_ms is None:
            return Markup("–")
        age = Markup(' <span class="age" data-at="{}">{}</span>')
        return at(at_ms) + age.format(at_ms, ago(at_ms))

    return {"ago": ago, "at": at, "time": time}


def is_partial(request: Request) -> bool:
    """Say whether htmx asks for a piece of a page rather than a page."""
    return request.headers.get("hx-request") == "true"
