"""A YAML file becomes a tree with places, and nothing else can come out of it."""

import math
import time
from typing import Any

import pytest

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.document import NODES_MAX, Node, read_document


def read(text: str) -> Node:
    return read_document(text, file="f.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("on", "on"),
        ("yes", "yes"),
        ("tRue", "tRue"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("-17", -17),
        ("007", "007"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("'5'", "5"),
        ('"true"', "true"),
        ("|\n  a\n  b", "a\nb"),
        ("[1, [a]]", (1, ("a",))),
        ("{on: [a], b: }", {"on": ("a",), "b": None}),
    ],
)
def test_plain_values_follow_the_core_schema(text: str, value: Any) -> None:
    seen = read(f"x: {text}").plain()["x"]
    assert seen == value
    assert type(seen) is type(value)


def test_nan_is_read() -> None:
    assert math.isnan(read("x: .nan").plain()["x"])


def test_every_value_and_key_knows_its_place() -> None:
    tree = read("# a comment\nä: 1\nb:\n  - {c: 2}\n  -   d: x\n")
    assert str(tree.place(("ä",))) == "f.yaml:2:4"
    assert str(tree.key_place(("b",))) == "f.yaml:3:1"
    assert str(tree.place(("b", 0, "c"))) == "f.yaml:4:9"
    assert str(tree.key_place(("b", 1, "d"))) == "f.yaml:5:7"
    assert str(tree.place(("b", 9, "d"))) == "f.yaml:4:3"
    assert tree.find(("b", 9)) is None


def test_an_alias_stands_for_the_value_and_keeps_its_place() -> None:
    tree = read("a: &x [1, 2]\nb: *x\n")
    assert tree.plain() == {"a": (1, 2), "b": (1, 2)}
    assert str(tree.place(("b", 1))) == "f.yaml:1:11"


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("a: [1", "", "not YAML"),
        ("a: b: c", "1:5", "not YAML"),
        ("a: 1\n\tb: 2", "2:1", "not YAML"),
        ("a: 1\nb: \x01", "2:4", "not YAML"),
        ("a: 1\nb: 2\na: 3", "3:1", "stands twice, first in line 1"),
        ("a: {b: 1, b: 2}", "1:11", "stands twice"),
        ("a: !!python/object/apply:os.system [id]", "1:4", "tag"),
        ("a: !!int '5'", "1:4", "tag"),
        ("a: !secret x", "1:4", "tag"),
        ("a: ! 5", "1:4", "tag"),
        ("!x a: 1", "1:1", "plain word"),
        ("a: &r [*r]", "1:8", "&r"),
        ("a: *nowhere", "1:4", "&nowhere"),
        ("? [a]\n: 1", "1:3", "plain word"),
        ("a: &x k\n*x : 1", "2:1", "plain word"),
        ("a: &x {}\nb: {<<: *x}", "2:5", "merge keys"),
        ("a: 1\n---\nb: 2", "2:1", "one document"),
        ("a: " + "9" * 400, "1:4", "digits"),
        ("a: " + "[" * 40, "1:35", "deeper than 32"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(text: str, place: str, why: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(text)
    assert f"f.yaml:{place}" in str(caught.value)
    assert why in str(caught.value)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    began = time.monotonic()
    with pytest.raises(SettingError, match=str(NODES_MAX)):
        read("\n".join(lines))
    assert time.monotonic() - began < 2


def test_endless_nesting_and_endless_text_are_refused() -> None:
    with pytest.raises(SettingError, match="deeper"):
        read("[" * 500_000)
    with pytest.raises(SettingError, match="larger"):
        read("a" * (2 << 20))


def test_an_empty_file_is_an_empty_tree() -> None:
    assert read("").plain() == {}
    assert read("# nothing\n").plain() == {}
