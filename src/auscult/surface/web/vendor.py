"""The browser libraries the build brings: are they there?"""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
WANTED = ("htmx.min.js", "hx-sse.min.js", "uPlot.iife.min.js", "uPlot.min.css")


def missing_libraries() -> list[str]:
    """Return the files without which pages work, but are not live."""
    return [name for name in WANTED if not (VENDOR / name).is_file()]
