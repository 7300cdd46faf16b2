"""Random routing trees, alerts over time and silences, each case apart from all others by a label.

All cases run at once in one Alertmanager and in one auscult: the label `case` leads an alert into
its case's own routes, and stands in every matcher of its inhibitions and silences.
"""

import random
from dataclasses import dataclass, field
from typing import Any

NAMES = ("Slow", "Full", "Down", "Late")
SERVICES = ("edge", "db", "mix")
SEVERITIES = ("critical", "warning", "info")
DAY = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
NEVER = [{"years": ["1970"]}]

Labels = dict[str, str]


@dataclass(slots=True)
class Post:
    """An alert that is posted at a step: firing, or resolved where `ends` is set."""

    step: int
    labels: Labels
    ends: bool


@dataclass(slots=True)
class Case:
    """One stream of alerts and the rules it meets."""

    number: int
    route: dict[str, Any]
    inhibit_rules: list[dict[str, Any]]
    silences: list[tuple[int, int, list[dict[str, Any]]]]
    posts: list[Post] = field(default_factory=list)


def make_case(number: int, seed: int, *, steps: int) -> Case:
    """Return one case, the same for the same seed and number."""
    chance = random.Random(f"{seed}:{number}")
    own = f'case="{number}"'
    route: dict[str, Any] = {
        "matchers": [own],
        "receiver": chance.choice(("first", "second")),
        "group_by": chance.choice((["case"], ["case", "service"], ["..."], ["case", "name"])),
        "routes": [_branch(chance) for _ in range(chance.randrange(4))],
    }
    rules = [_rule(chance, own) for _ in range(chance.randrange(3))]
    silences = [_silence(chance, number, steps) for _ in range(chance.randrange(2))]
    case = Case(number, route, rules, silences)
    for _ in range(chance.randrange(1, 6)):
        labels = {
            "case": str(number),
            "alertname": chance.choice(NAMES),
            "name": chance.choice("ab"),
            "service": chance.choice(SERVICES),
            "severity": chance.choice(SEVERITIES),
        }
        first = chance.randrange(steps)
        last = chance.randrange(first, steps + 1)
        case.posts += [Post(step, labels, ends=False) for step in range(first, last)]
        if last < steps and chance.random() < 0.8:
            case.posts.append(Post(last, labels, ends=True))
    return case


def _branch(chance: random.Random) -> dict[str, Any]:
    name, values = chance.choice(
        (("service", SERVICES), ("severity", SEVERITIES), ("alertname", NAMES))
    )
    op = chance.choice(("=", "!=", "=~", "!~"))
    value = "|".join(chance.sample(values, 2)) if "~" in op else chance.choice(values)
    branch: dict[str, Any] = {"matchers": [f'{name}{op}"{value}"']}
    if chance.random() < 0.7:
        branch["receiver"] = chance.choice(("first", "second", "quiet"))
    if chance.random() < 0.4:
        branch["continue"] = True
    if chance.random() < 0.3:
        branch["group_by"] = chance.choice((["service"], ["alertname", "name"]))
    if chance.random() < 0.2:
        branch[chance.choice(("mute_time_intervals", "active_time_intervals"))] = [
            chance.choice(("always", "never"))
        ]
    if chance.random() < 0.2:
        branch["routes"] = [{"matchers": ['name="a"'], "receiver": "second"}]
    return branch


def _rule(chance: random.Random, own: str) -> dict[str, Any]:
    worse, better = chance.sample(SEVERITIES, 2)
    rule: dict[str, Any] = {
        "source_matchers": [own, f'severity="{worse}"'],
        "target_matchers": [own, f'severity=~"{better}|{worse}"']
        if chance.random() < 0.3
        else [own, f'severity="{better}"'],
    }
    equal = chance.choice(([], ["service"], ["alertname", "name"], ["missing"]))
    return {**rule, "equal": equal} if equal else rule


def _silence(
    chance: random.Random, number: int, steps: int
) -> tuple[int, int, list[dict[str, Any]]]:
    matchers = [{"name": "case", "value": str(number), "isRegex": False, "isEqual": True}]
    matchers.append(
        {
            "name": "service",
            "value": chance.choice((*SERVICES, "edge|db")),
            "isRegex": True,
            "isEqual": chance.random() < 0.8,
        }
    )
    return 0, steps, matchers


def whole_config(cases: list[Case], spans: dict[str, str]) -> dict[str, Any]:
    """Return the configuration that holds all cases, without receivers."""
    return {
        "route": {
            "receiver": "quiet",
            "group_by": ["case"],
            **spans,
            "routes": [case.route for case in cases],
        },
        "inhibit_rules": [rule for case in cases for rule in case.inhibit_rules],
        "time_intervals": [
            {"name": "always", "time_intervals": DAY},
            {"name": "never", "time_intervals": NEVER},
        ],
    }
