"""Recurrence rules of calendars, day by day, as far as shifts need them and in bounded work.

RFC 5545 §3.3.10 for DAILY to YEARLY with INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYMONTHDAY, BYDAY
and BYSETPOS. The libraries at hand follow a rule that never comes true to the year 9999, which one
event makes last for seconds; here every day looked at is paid for, and the days are counted out.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.notification.oncall.zones import Date, add_days

TAKEN = {
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"),
    *("BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS"),
}
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MONTHS = 12


@dataclass(slots=True)
class Budget:
    """How many days of calendars may still be looked at, for all rules of a calendar together."""

    days: int

    def pay(self, days: int) -> None:
        """Take days off. Raises `BodyTooLarge` where none are left."""
        self.days -= days
        if self.days < 0:
            raise BodyTooLarge("the rules of the calendar recur too often to be followed")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as read: days are (weekday 0..6, which one of the month or year; 0 for every)."""

    freq: str
    interval: int = 1
    count: int | None = None
    week_start: int = 0
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    positions: tuple[int, ...] = field(default=())


def read_rule(parts: Mapping[str, Sequence[Any]]) -> Rule:
    """Read a rule as icalendar gives it. Raises `BodyMalformed` for what is not taken here."""
    if wrong := sorted({name.upper() for name in parts} - TAKEN):
        raise BodyMalformed(f"RRULE: {wrong[0]} is not taken in a calendar of shifts")
    freq = str(_one(parts, "FREQ", "")).upper()
    if freq not in _FREQUENCIES:
        raise BodyMalformed(f"RRULE: FREQ={freq} is not taken in a calendar of shifts")
    try:
        rule = _rule(freq, parts)
    except ValueError:
        raise BodyMalformed("RRULE: cannot be read") from None
    if rule.interval < 1:
        raise BodyMalformed("RRULE: INTERVAL is less than 1")
    return rule


def _rule(freq: str, parts: Mapping[str, Sequence[Any]]) -> Rule:
    return Rule(
        freq=freq,
        interval=int(_one(parts, "INTERVAL", 1)),
        count=int(_one(parts, "COUNT", 0)) if "COUNT" in parts else None,
        week_start=_DAYS.index(str(_one(parts, "WKST", "MO")).upper()),
        months=tuple(int(one) for one in parts.get("BYMONTH", ())),
        month_days=tuple(int(one) for one in parts.get("BYMONTHDAY", ())),
        days=tuple(_read_day(str(one).upper()) for one in parts.get("BYDAY", ())),
        positions=tuple(int(one) for one in parts.get("BYSETPOS", ())),
    )


def days_of(
    rule: Rule, first: Date, window: tuple[Date, Date], *, budget: Budget
) -> Iterator[Date]:
    """Return the days of a rule that begins on `first`, in order, within a window (both included).

    COUNT is heeded, UNTIL is not: it is an instant, which the caller compares. Raises
    `BodyTooLarge` where the budget is spent.
    """
    since, last = window
    left = rule.count
    for period in _periods(rule, first, since if left is None else first):
        if period[0] > last:
            return
        budget.pay(len(period) + 1)
        for day in _chosen(rule, period, first):
            if day < first:
                continue
            if day > last or left == 0:
                return
            left = left if left is None else left - 1
            if day >= since:
                yield day


def _periods(rule: Rule, first: Date, since: Date) -> Iterator[list[Date]]:
    """Return the days of each period of a rule, from one that begins before `since` on."""
    step = max(_steps(rule, first, since) - 1, 0) // rule.interval * rule.interval
    while True:
        try:
            yield _period(rule, first, step)
        except (OverflowError, ValueError):  # after the year 9999
            return
        step += rule.interval


def _steps(rule: Rule, first: Date, since: Date) -> int:
    """Return how many periods, were the interval 1, lie between two days, within one."""
    if rule.freq == "DAILY":
        return (since - first).days
    if rule.freq == "WEEKLY":
        return (since - first).days // 7
    years = since.year - first.year
    return years * _MONTHS + since.month - first.month if rule.freq == "MONTHLY" else years


def _period(rule: Rule, first: Date, step: int) -> list[Date]:
    if rule.freq == "DAILY":
        return [add_days(first, step)]
    if rule.freq == "WEEKLY":
        monday = add_days(first, 7 * step - (first.weekday() - rule.week_start) % 7)
        return [add_days(monday, days) for days in range(7)]
    if rule.freq == "MONTHLY":
        years, month = divmod(first.month - 1 + step, _MONTHS)
        return _month(first.year + years, month + 1)
    year = first.year + step
    months = range(1, _MONTHS + 1)
    return [day for month in months for day in _month(year, month)]


def _month(year: int, month: int) -> list[Date]:
    length = monthrange(year, month)[1]
    return [Date(year, month, day) for day in range(1, length + 1)]


def _chosen(rule: Rule, period: list[Date], first: Date) -> list[Date]:
    """Return the days of a period that the rule chooses, BYSETPOS applied."""
    days = [day for day in period if _fits(rule, day, first)]
    if not rule.positions:
        return days
    at = {position - 1 if position > 0 else len(days) + position for position in rule.positions}
    return [days[index] for index in sorted(at) if 0 <= index < len(days)]


def _fits(rule: Rule, day: Date, first: Date) -> bool:
    """Say whether a day is one of the rule's; what the rule leaves open is as on the first day."""
    if rule.months and day.month not in rule.months:
        return False
    open_days = not rule.month_days and not rule.days
    if rule.freq == "YEARLY" and open_days:
        return day.day == first.day and (bool(rule.months) or day.month == first.month)
    if rule.freq == "MONTHLY" and open_days:
        return day.day == first.day
    if rule.freq == "WEEKLY" and not rule.days:
        return day.weekday() == first.weekday()
    length = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - length - 1} & set(rule.month_days):
        return False
    return not rule.days or any(_is_nth(rule, day, which) for which in rule.days)


def _is_nth(rule: Rule, day: Date, which: tuple[int, int]) -> bool:
    """Say whether a day is such a weekday: every one, or the nth of its month or its year."""
    weekday, nth = which
    if day.weekday() != weekday:
        return False
    if nth == 0 or rule.freq in {"DAILY", "WEEKLY"}:
        return True
    if rule.freq == "YEARLY" and not rule.months:
        start, end = Date(day.year, 1, 1), Date(day.year, 12, 31)
    else:
        start = day.replace(day=1)
        end = day.replace(day=monthrange(day.year, day.month)[1])
    forth, back = (day - start).days // 7 + 1, -((end - day).days // 7 + 1)
    return nth in {forth, back}


def _read_day(text: str) -> tuple[int, int]:
    number, name = text[:-2], text[-2:]
    return _DAYS.index(name), int(number or 0)


def _one(parts: Mapping[str, Sequence[Any]], name: str, otherwise: object) -> Any:  # noqa: ANN401  # as icalendar gives it
    found = parts.get(name)
    return found[0] if found else otherwise
