"""Alerts stand in the order of Alertmanager's `types.AlertSlice`, written here as it is there."""

from functools import cmp_to_key

from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.alerts import Alert, rank


def alert(labels: dict[str, str]) -> Alert:
    return Alert("f", tuple(sorted(labels.items())), (), 0, 1, 0)


def before(one: dict[str, str], two: dict[str, str]) -> bool:
    """`LabelSet.Before` of prometheus/common."""
    if len(one) != len(two):
        return len(one) < len(two)
    for name in sorted({*one, *two}):
        if name not in one:
            return True
        if name not in two:
            return False
        if one[name] != two[name]:
            return one[name] < two[name]
    return False


def less(one: dict[str, str], two: dict[str, str]) -> bool:
    """`AlertSlice.Less` of Alertmanager 0.25."""
    for name in ("job", "instance"):
        if name not in one and name not in two:
            continue
        if name not in one:
            return False
        if name not in two:
            return True
        if one[name] != two[name]:
            return one[name] < two[name]
    return before(one, two)


NAMES = st.sampled_from(["job", "instance", "a", "ab", "b", "é"])
LABELS = st.dictionaries(NAMES, st.sampled_from(["", "x", "xy", "y"]), max_size=4)


@given(st.lists(LABELS, max_size=8))
def test_alerts_stand_in_alertmanagers_order(sets: list[dict[str, str]]) -> None:
    def compare(one: dict[str, str], two: dict[str, str]) -> int:
        return -1 if less(one, two) else int(less(two, one))

    ours = [dict(one.labels) for one in sorted(map(alert, sets), key=rank)]
    assert ours == sorted(sets, key=cmp_to_key(compare))
