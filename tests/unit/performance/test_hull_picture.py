"""The picture of hulls is sound XML, whatever titles are called, and bounded in what it names."""

from xml.etree import ElementTree as ET

import pytest

from auscult.performance.pictures import Curve, Ladder, Point, draw_hulls
from auscult.performance.pictures.hull import BOTTOM, LEFT, NAMED_MAX, RIGHT, TOP

SVG = "{http://www.w3.org/2000/svg}"


def curve(name: str, at: int = 0) -> Curve:
    hull = (Point(24, 3.5), Point(64 + at, 4.7), Point(128, 4.95), Point(256, 5.0))
    return Curve(name, hull, hull[1], "opus 64k, -50% bytes")


def test_every_hull_is_drawn_inside_the_axes_with_its_rung_marked() -> None:
    drawn = draw_hulls(
        [curve("a"), curve("b", 9)],
        heading="Half",
        needed=4.7,
        ladder=Ladder((("opus 64k", 70.0),)),
    )
    root = ET.fromstring(drawn)
    lines = root.findall(f".//{SVG}polyline")
    assert len(lines) == 2
    for line in lines:
        places = [tuple(map(float, one.split(","))) for one in line.attrib["points"].split()]
        assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in places)
        assert [x for x, _ in places] == sorted(x for x, _ in places)
        assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    assert sum("taken" in one.attrib["class"] for one in root.findall(f".//{SVG}circle")) == 4
    assert "prefers-color-scheme: dark" in drawn
    on_page = draw_hulls([curve("a")], heading="Half", needed=4.7, is_styled=False)
    assert "style" not in on_page, "a page's policy refuses styles inside it"


def test_a_title_may_be_called_anything_and_many_are_drawn_without_a_name() -> None:
    names = ['<script>"&', *(f"title {number}" for number in range(30))]
    drawn = draw_hulls([curve(name) for name in names], heading="<b>", needed=4.7)
    root = ET.fromstring(drawn)
    assert "<script>" not in drawn
    assert len([one for one in root.iter(f"{SVG}text") if one.get("class") == "name"]) == NAMED_MAX
    assert "and 21 more" in drawn
    with pytest.raises(ValueError, match="no title"):
        draw_hulls([], heading="", needed=4.0)
