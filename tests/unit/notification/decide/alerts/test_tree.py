"""The tree: which routes an alert takes, and what they take over from above."""

import pytest
from pydantic import ValidationError

from auscult.kernel.words import Labels
from auscult.notification.decide.alerts import Alerting, Branch, Inhibition, Interval, Node, grow
from auscult.notification.decide.alerts.inhibition import inhibited_by, source_places
from tests.contract.store.words import alert

ROOT = {
    "receiver": "team",
    "group_by": ["alertname"],
    "group_wait": "10s",
    "routes": [
        {
            "matchers": ['severity="critical"'],
            "receiver": "nights",
            "group_by": ["..."],
            "continue": True,
            "routes": [{"match": {"service": "db"}, "group_interval": "1h30m"}],
        },
        {"match_re": {"service": "db|cache"}, "receiver": "storage", "group_by": []},
        {"matchers": ['service="db"'], "receiver": "never"},
    ],
}


def root() -> Node:
    return grow(Branch.model_validate(ROOT))


def labels(**given: str) -> Labels:
    return tuple(sorted(given.items()))


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        ({"service": "edge"}, ["team"]),
        ({"severity": "critical"}, ["nights"]),
        ({"severity": "critical", "service": "db"}, ["nights", "storage"]),
        ({"service": "cache"}, ["storage"]),
        ({"service": "dbx"}, ["team"]),
    ],
)
def test_an_alert_takes_its_routes(given: dict[str, str], ways: list[str]) -> None:
    assert [node.receiver for node in root().match(labels(**given))] == ways


def test_what_is_left_out_is_as_above() -> None:
    nights, storage, _ = root().children
    (deep,) = nights.children
    assert (deep.receiver, deep.interval_ms, deep.wait_ms) == ("nights", 5_400_000, 10_000)
    assert deep.group_by == frozenset({"..."})
    assert storage.group_by == frozenset({"alertname"}), "an empty list says nothing"
    assert deep.key == '{}/{severity="critical"}/{service="db"}'
    given = labels(alertname="Full", service="db", note='a "b"')
    assert storage.group_key(storage.group_labels(given)) == (
        '{}/{service=~"db|cache"}:{alertname="Full"}'
    )
    assert nights.group_labels(given) == given
    assert 'note="a \\"b\\""' in nights.group_key(given)
    assert nights.group_id(given) != deep.group_id(given)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"route": {"receiver": ""}}, "needs a receiver"),
        ({"route": {"receiver": "x", "matchers": ["a=b"]}}, "has no matchers"),
        ({"route": {"receiver": "lost"}}, "undefined receiver 'lost'"),
        ({"route": {"receiver": "incidents", "group_interval": "0s"}}, "cannot be zero"),
        ({"route": {"receiver": "incidents", "group_wait": "soon"}}, "not a span of time"),
        ({"route": {"receiver": "incidents", "group_by": ["a", "a"]}}, "a label twice"),
        ({"route": {"receiver": "incidents", "group_by": ["...", "a"]}}, "stands alone"),
        (
            {"route": {"receiver": "incidents", "routes": [{"mute_time_intervals": ["x"]}]}},
            "undefined time interval 'x'",
        ),
        ({"receivers": [{"name": "incidents"}, {"name": "incidents"}]}, "stands twice"),
        ({"route": {"receiver": "incidents", "routes": [{"matchers": ["a=~("]}]}}, "a=~("),
        ({"inhibit_rules": [{"source_matchers": ["a=b"]}]}, "its source and for its target"),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match="validation error") as told:
        Alerting.model_validate(wrong)
    assert said in str(told.value)


def test_routes_that_stand_too_deep_are_refused() -> None:
    branch: dict[str, object] = {"receiver": "incidents"}
    for _ in range(25):
        branch = {"receiver": "incidents", "routes": [branch]}
    with pytest.raises(ValueError, match="deep"):
        grow(Branch.model_validate(branch))


def test_one_inhibits_another_by_equal_labels() -> None:
    rule = Inhibition.model_validate(
        {
            "source_matchers": ['severity="critical"'],
            "target_matchers": ['severity=~"critical|warning"'],
            "equal": ["service"],
        }
    )
    source = alert("f1")
    worst = labels(severity="critical", service="edge")
    (place,) = source_places([rule], worst)

    def lying(asked: str) -> list:  # type: ignore[type-arg]
        return [source] if asked == place else []

    warning = labels(severity="warning", service="edge")
    assert inhibited_by([rule], warning, lying, now_ms=2_000) == "f1"
    assert inhibited_by([rule], warning, lying, now_ms=10_000) is None, "it is over"
    elsewhere = labels(severity="warning", service="mix")
    assert inhibited_by([rule], elsewhere, lying, now_ms=2_000) is None
    assert source_places([rule], elsewhere) == []


@pytest.mark.parametrize(
    ("interval", "at_ms", "holds"),
    [
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, 9 * 3_600_000, True),
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]}, 17 * 3_600_000, False),
        ({"weekdays": ["thursday"]}, 0, True),
        ({"weekdays": ["friday:saturday"]}, 0, False),
        ({"days_of_month": ["-1"]}, 30 * 86_400_000, True),
        ({"days_of_month": ["1:5"], "months": ["january:march"], "years": ["1970:1971"]}, 0, True),
        ({"months": ["2"]}, 0, False),
        ({"times": [{"start_time": "19:00", "end_time": "24:00"}], "location": "America/New_York"},
         0, True),
    ],
)  # fmt: skip
def test_times(interval: dict[str, object], at_ms: int, holds: bool) -> None:
    assert Interval.model_validate(interval).holds(at_ms) is holds


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": [{"start_time": "17:00", "end_time": "09:00"}]},
        {"times": [{"start_time": "9", "end_time": "10:00"}]},
        {"weekdays": ["friday:monday"]},
        {"days_of_month": ["0"]},
        {"days_of_month": ["-3:5"]},
        {"days_of_month": ["20:-15"]},
        {"months": ["13"]},
        {"years": ["1:2:3"]},
        {"location": "Mars/Olympus"},
    ],
)
def test_times_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Interval.model_validate(wrong)
