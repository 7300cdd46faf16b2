"""A matcher says what Alertmanager's would, and its cost grows with the label alone."""

import time

import pytest

from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.matchers import Matcher, matches_all, parse_matcher, parse_matchers, patterns

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
def test_a_matcher_says_whether_labels_fulfil_it(text: str, *, fits: bool) -> None:
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
        (f'service=~"{"a" * 5_001}"', "more than 5000 characters"),
        (f'service="{"a" * 65_537}"', "more than 65536 characters"),
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
    monkeypatch.setattr(patterns, "PATTERN_BYTES_MAX", 1 << 12)
    with pytest.raises(MatcherMalformed, match="too large"):
        parse_matcher('a=~".{60}"')


def test_a_label_that_is_no_text_is_still_compared() -> None:
    assert parse_matcher('a=~"x.y"').matches({"a": "x\udcffy"})


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (r'a="x\\d"', "a", r"x\d"),
        (r'a="x\d"', "a", r"x\d"),
        (r"a=x\\d", "a", r"x\d"),
        (r'a="x\ny"', "a", "x\ny"),
        ('a="x\ny"', "a", "x\ny"),
        (r'a="say \"ah\""', "a", 'say "ah"'),
        (r'a="x\\"', "a", "x\\"),
        ("a=x\\", "a", "x\\"),
        ('a="x y"', "a", "x y"),
        ("a = x y ", "a", "x y"),
        ("a=", "a", ""),
        ("a={x}", "a", "{x}"),
        ('"service.name"="api"', "service.name", "api"),
        ("service.name=api", "service.name", "api"),
        (r'"höre zu"="\u00e4\x41\101\t"', "höre zu", "äAA\t"),
        (r'"a"="\xc3\xa4"', "a", "ä"),
    ],
)
def test_a_value_is_read_as_alertmanagers_grammars_have_it(
    text: str, name: str, value: str
) -> None:
    read = parse_matcher(text)
    assert (read.name, read.op, read.value) == (name, "=", value)
    assert parse_matcher(str(read)) == read, "what it writes it reads again"


@pytest.mark.parametrize(
    "text",
    [
        *('a="x', 'a=x"', 'a="x"y"', r'a="x\"', 'a="', "=x", "", '""="x"', '"a b" "c"'),
        *(r'"a b"="\q"', '"a b"=\'x', r'"a b"="\xff"', '"a b"="x","c"="y"', '{"a b"="x"}'),
    ],
)
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(MatcherMalformed):
        parse_matcher(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{team="x", env="prod"}', 'team="x",env="prod"'),
        ("a=b,c=d", 'a="b",c="d"'),
        ('a="b,c",d!=e,', 'a="b,c",d!="e"'),
        ("{}", ""),
        ('{"a b"="c", d=~e,}', '"a b"="c",d=~"e"'),
    ],
)
def test_several_are_read_from_one_text(text: str, said: str) -> None:
    assert ",".join(map(str, parse_matchers(text))) == said


@pytest.mark.parametrize("text", ["a=b,,c=d", '{"a b"="c"', '"a b"="c"}', '"a b"="c";', ","])
def test_what_are_no_matchers_is_refused(text: str) -> None:
    with pytest.raises(MatcherMalformed):
        parse_matchers(text)


def test_many_hosts_may_be_written_out() -> None:
    hosts = [f"edge-{number:03d}.eu-west.example.org:9{number:03d}" for number in range(120)]
    matcher = parse_matcher(f'instance=~"{"|".join(hosts)}"')
    assert matcher.matches({"instance": hosts[77]})
    assert not matcher.matches({"instance": hosts[77] + "0"})
