"""The language of templates: what it says, what it refuses by its line, and that it always ends."""

import time
from typing import Any

import pytest

from auscult.kernel.errors import TemplateFailed
from auscult.notification.messages.language import (
    FILTERS,
    SOURCE_CHARS_MAX,
    render_template,
)

WORDS: dict[str, Any] = {
    "a": "hello",
    "list": ("x", "y"),
    "named": {"team": "audio"},
    "number": 3,
    "nothing": None,
    "many": tuple(range(1_000)),
    "long": "m" * 2_000,
}
DOUBLED = "{% set a = a ~ a %}" * 40
NESTED = "{% for i in many %}" * 6 + "x" + "{% endfor %}" * 6


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ a }} {{ number }}{{ nothing }}", "hello 3"),
        ("{% for x in list %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}", "x, y"),
        ("{% for k in named %}{{ k }}={{ named[k] }}{% endfor %}", "team=audio"),
        ("{{ named.team ~ '/' ~ number ~ '/' ~ (a ~ '!') }}", "audio/3/hello!"),
        ("{% set b = a | upper %}{{ b | truncate(3) }}", "HE…"),
        ("{{ list | join(', ') }} {{ many | length }} {{ list | first }}", "x, y 1000 x"),
        ("{{ a | replace('l', 'L') }} {{ nothing | default('none') }}", "heLLo none"),
        ("{{ 'big' if number > 2 and a in ('hello', 'world') else 'small' }}", "big"),
        ("{{ a[:2] }} {{ 2.345 | round(1) }} {{ -number }}", "he 2.3 -3"),
        ("{# a remark #}{% if number is odd %}odd{% elif a %}even{% endif %}", "odd"),
        ("{% for x in () %}{% else %}none{% endfor %}", "none"),
    ],
)
def test_it_says(source: str, said: str) -> None:
    assert render_template(source, WORDS) == said


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{", "line 1: unexpected 'end of template'"),
        ("one\n{% if %}", "line 2: "),
        ("\n\n{{ b }}", r"line 3: no word 'b'; there are: a, list"),
        ("\n{{ a | shout }}", "line 2: no filter 'shout'; there are: upper"),
        ("{{ a.upper() }}", "line 1: not taken here: calling something"),
        ("{% for i in range(9) %}{% endfor %}", "not taken here: calling something"),
        ("{% macro f() %}{{ f() }}{% endmacro %}", "not taken here: a macro"),
        ("{% include 'x' %}", "not taken here: include"),
        ("{% set b %}{{ a }}{% endset %}", "not taken here: `set` with a block"),
        ("{{ 'x' * 1000000000 }}", "not taken here: arithmetic"),
        ("{{ '%1000000000d' % 1 }}", "not taken here: arithmetic"),
        ("{{ a + a }}", r"not taken here: \+"),
        ("{{ [a, a] }}", "a list may hold constants only"),
        ("{{ {'a': a} }}", "not taken here: a literal dictionary"),
        ("{% for x in list recursive %}{% endfor %}", "not taken here: a recursive loop"),
        ("{{ a.__class__.__mro__ }}", "unsafe"),
        ("\n{{ a.upper }}", "line 2: a builtin_function_or_method is no text"),
        ("{{ list }}", "a tuple is no text; loop over it"),
        ("{{ named.other }}", "has no attribute 'other'"),
        ("{{ list[7] }}", "no element 7"),
        ("{% for x in a %}{{ x }}{% endfor %}", "a text cannot be looped over"),
        ("{% for x in number %}{{ x }}{% endfor %}", "not iterable"),
        ("{{ number is divisibleby(0) }}", "zero"),
        ("{{ a if (1)[1] else a }}", "no element 1"),
        ("x" * (SOURCE_CHARS_MAX + 1), "4001 characters; at most 4000"),
        ("{{" + "(" * 900 + "a" + ")" * 900 + "}}", "nested too deep"),
        ("{% for i in many %}" * 30 + "{% endfor %}" * 30, "nested too deep"),
        ("{% if a %}" * 120 + "{% endif %}" * 120, "nested too deep"),
        ("{{ a" + " | upper" * 300 + " }}", "nested too deep"),
        ("{{ _joined }}", "no word '_joined'"),
        ("{{ a | _counted(0) }}", "no filter '_counted'"),
    ],
)
def test_it_refuses(source: str, why: str) -> None:
    with pytest.raises(TemplateFailed, match=why):
        render_template(source, WORDS)


@pytest.mark.parametrize(
    "source",
    [
        NESTED,
        DOUBLED + "{{ a }}",
        "{% set a = a | replace('', a) %}" * 40,
        "{% set a = list | join(a) %}{% set a = a | upper %}" * 60 + DOUBLED,
        "{% for i in many %}{{ long }}{% endfor %}",
        "{% for i in many %}" + "x" * 3_000 + "{% endfor %}",
        "{% for i in many %}{{ long | upper | lower | trim }}{% endfor %}",
        "{% for i in many if i in many and i in many %}{% for j in many %}{% endfor %}{% endfor %}",
    ],
)
def test_what_would_not_end_or_not_fit_fails_soon(source: str) -> None:
    began_s = time.process_time()
    with pytest.raises(TemplateFailed, match=r"too much|characters"):
        render_template(source, WORDS)
    assert time.process_time() - began_s < 2


def test_no_filter_has_chance_or_a_clock_in_it() -> None:
    assert not {"random", "shuffle", "now"} & set(FILTERS)
    assert render_template("{{ a | upper }}", WORDS) == render_template("{{ a | upper }}", WORDS)
