"""The colours as they stand in the style sheet: readable in light and in dark (WCAG 2.2)."""

import re
from pathlib import Path

import pytest

from auscult.surface.web.vendor import STATIC

SHEET = (Path(STATIC) / "page.css").read_text()
TEXT, GRAPHIC = 4.5, 3.0


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", block))


LIGHT = tokens(SHEET[: SHEET.index("@media")])
DARK = tokens(SHEET[SHEET.index(':root[data-theme="dark"]') :].split("}")[0])
SYSTEM_DARK = tokens(SHEET[SHEET.index("@media") :].split("}")[0])


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "card"])
def test_words_and_lines_stand_out_from_their_ground(theme: dict[str, str], ground: str) -> None:
    for name in ("text", "muted", "critical", "warning", "info", "good"):
        assert contrast(theme[name], theme[ground]) >= TEXT, name
    assert contrast(theme["outline"], theme[ground]) >= GRAPHIC
    assert contrast(theme["on-info"], theme["info"]) >= TEXT
    assert contrast(theme["on-critical"], theme["critical"]) >= TEXT


def test_the_chosen_dark_is_the_systems_dark() -> None:
    assert DARK == SYSTEM_DARK
    assert set(LIGHT) == set(DARK)


def test_the_measure_knows_black_on_white() -> None:
    assert round(contrast("#000000", "#FFFFFF")) == 21
