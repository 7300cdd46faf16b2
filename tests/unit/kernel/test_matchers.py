"""A matcher says what Alertmanager's would, and its cost grows with the label alone."""

import time

import pytest

from auscult.kernel import matchers
from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.matchers import Matcher, matches_all, parse_matcher

LABELS = (("job", "encoder"), ("service", "edge-streamer-17"), ("title", "höre\nzu"))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('job="encoder"', True),
        ("job=encoder", True),
        ('job!="encoder"', False),
        ('job=~"enc.*"', True),
        ('job=~"enc"', False),  # the whole text, never a part
        ('job=~"a|encoder"', True),
        ('job=~"(?i)ENCODER"', True),
        ('job!~"enc.*"', False),
        ('service=~"edge-[a-z]+-\\d{2}"', True),
        ('gone=""', True),
        ('gone=~".+"', False),
        ('gone!~".+"', True),
        ('title=~"h.re\\nzu"', True),  # a dot is a character, not a byte
        ('title=~"h.*zu"', False),  # and no end of line, as in Alertmanager
    ],
)
def test_a_matcher_says_what_alertmanagers_would(text: str, *, fits: bool) -> None:
    assert matches_all((parse_matcher(text),), LABELS) is fits


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(a+)+b", "(.*a){12}b", "(a|aa)+$b", "(a*)*b"])
def test_no_expression_holds_the_process_up(pattern: str) -> None:
    """Each of them takes a backtracking engine seconds to years with these labels."""
    matcher = parse_matcher(f'service=~"{pattern}"')
    began_s = time.process_time()
    for length in (28, 64, 4096):
        assert not matcher.matches({"service": "a" * length})
    assert time.process_time() - began_s < 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('service=~"edge-(a"', r"missing \): edge-\(a"),
        ('service=~"ab[z-a]"', r"z-a \(at 4\)"),
        ('service=~"a**"', r"bad repetition operator: \*\* \(at 2\)"),
        ('service=~"(?=a)b"', r"\(\?= \(at 1\)"),
        ('service=~"a{1001}"', "invalid repetition size"),
        ('service=~"(.{0,90}){9}"', "repeats too much"),
        ('service=~"(?i)\\pL{50}"', "too large"),
        (f'service=~"{"a" * 501}"', "more than 500 characters"),
        ('service=~"\ud800"', r"no character \(at 1\)"),
        ("service", "not of the form"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(MatcherMalformed, match=told):
        parse_matcher(text)


def test_many_values_are_each_answered_for_themselves() -> None:
    matcher = parse_matcher('service=~"edge-[0-9]*[13579]"')
    for _ in range(2):
        found = [number for number in range(600) if matcher.matches({"service": f"edge-{number}"})]
        assert found == list(range(1, 600, 2))


def test_a_matcher_made_in_code_is_refused_in_the_same_words() -> None:
    with pytest.raises(MatcherMalformed, match="missing"):
        Matcher(name="a", op="=~", value="(").matches({"a": "b"})


def test_one_expression_has_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    parse_matcher('a=~".{60}"')
    monkeypatch.setattr(matchers, "PATTERN_BYTES_MAX", 1 << 12)
    with pytest.raises(MatcherMalformed, match="too large"):
        parse_matcher('a=~".{60}"')


def test_a_label_that_is_no_text_is_still_compared() -> None:
    assert parse_matcher('a=~"x.y"').matches({"a": "x\udcffy"})
