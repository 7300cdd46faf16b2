"""Whatever is written as a template: it says something or is refused, soon, and never otherwise."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.kernel.errors import TemplateFailed
from auscult.notification.messages.language import FILTERS, render_template

WORDS: dict[str, Any] = {
    "a": "hello",
    "n": 3,
    "list": ("x", 1, None),
    "d": {"team": "audio"},
    "no": None,
    "many": tuple(range(300)),
}
NAMES = st.sampled_from([*WORDS, "loop", "b"])
ATOMS = st.one_of(NAMES, st.sampled_from(["1", "-2", "''", "'x'", "none", "true", "(1, 2)", "[]"]))


def widen(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["~", "in", "==", "<", "and", "or", "+", "*", "%", "//"])
    filters = st.sampled_from([*FILTERS, "random", "format"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, filters).map(lambda t: f"{t[0]} | {t[1]}"),
        st.tuples(inner, filters, inner).map(lambda t: f"{t[0]} | {t[1]}({t[2]})"),
        st.tuples(inner, filters, inner, inner).map(lambda t: f"{t[0]}|{t[1]}({t[2]}, {t[3]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]}]"),
        st.tuples(inner, st.sampled_from(["team", "upper", "__class__", "index"])).map(".".join),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
    )


EXPRESSIONS = st.recursive(ATOMS, widen, max_leaves=6)


def nest(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(NAMES, EXPRESSIONS).map(lambda t: f"{{% set {t[0]} = {t[1]} %}}"),
        st.tuples(EXPRESSIONS, inner).map(lambda t: f"{{% if {t[0]} %}}{t[1]}{{% endif %}}"),
        st.tuples(NAMES, EXPRESSIONS, inner).map(
            lambda t: f"{{% for {t[0]} in {t[1]} %}}{t[2]}{{% endfor %}}"
        ),
    )


PIECES = st.one_of(EXPRESSIONS.map(lambda one: f"{{{{ {one} }}}}"), st.text(max_size=10))
TEMPLATES = st.recursive(PIECES, nest, max_leaves=8)


@given(TEMPLATES)
@settings(max_examples=500, deadline=2_000)
def test_it_says_something_or_is_refused(source: str) -> None:
    try:
        said = render_template(source, WORDS)
    except TemplateFailed:
        return
    assert isinstance(said, str)
    assert len(said) < 2_000_000


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=2_000)
def test_noise_is_said_or_refused(noise: str) -> None:
    for source in (noise, f"{{{{ {noise} }}}}", f"{{% {noise} %}}"):
        with suppress(TemplateFailed):
            assert isinstance(render_template(source, WORDS), str)


def test_the_strategy_reaches_both_ends() -> None:
    assert render_template("{% for b in many %}{{ b ~ a }}{% endfor %}", WORDS)
    with pytest.raises(TemplateFailed):
        render_template("{{ a + 1 }}", WORDS)
