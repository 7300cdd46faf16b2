"""Times, ages and figures as a person reads them; every clock time carries its zone."""

from datetime import UTC, datetime

from auscult.kernel.findings import Evidence
from auscult.kernel.incidents import Incident, Status
from auscult.kernel.words import Labels, Severity

SHAPES = {Severity.CRITICAL: "◆", Severity.WARNING: "▲", Severity.INFO: "●"}
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_THOUSANDS = ((9, " billion"), (6, " million"), (3, " thousand"), (0, ""))
_HIDDEN_LABELS = frozenset({"__name__"})


def moment(at_ms: int) -> datetime:
    """Return the moment in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def iso(at_ms: int) -> str:
    """Return the moment as `<time datetime>` wants it (RFC 3339)."""
    return moment(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(at_ms: int, now_ms: int) -> str:
    """Return `03:12:40 UTC`, with the day before it where that is not today."""
    at, now = moment(at_ms), moment(now_ms)
    day = "" if at.date() == now.date() else at.strftime("%a %d %b ")
    return f"{day}{at:%H:%M:%S} UTC"


def lasting(span_ms: int) -> str:
    """Return a duration by its two largest parts: `4 s`, `14 min`, `2 h 5 min`."""
    left_s = max(0, round(span_ms / 1000))
    words: list[str] = []
    for size_s, unit in _STEPS:
        count, left_s = divmod(left_s, size_s)
        if count:
            words.append(f"{count} {unit}")
        if len(words) == 2 or (unit == "min" and words):  # noqa: PLR2004  # two parts are enough
            break
    return " ".join(words) or "0 s"


def took(span_ns: int) -> str:
    """Return how long something took, as finely as it matters: `1.25 s`, `3.4 ms`, `250 µs`."""
    for size_ns, unit in ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if span_ns >= size_ns:
            return f"{figure(span_ns / size_ns)} {unit}"
    return f"{span_ns} ns"


def figure(value: float | None) -> str:
    """Return a number with three significant figures and no exponent where it can be helped."""
    if value is None or value != value:  # noqa: PLR0124  # NaN is not itself
        return "no value"
    if abs(value) in {0.0, float("inf")}:
        return {0.0: "0", float("inf"): "∞"}[abs(value)] if value >= 0 else "−∞"
    size = abs(value)
    if size >= 1e15 or size < 1e-6:  # noqa: PLR2004  # beyond these nobody reads plain digits
        return f"{value:.3g}".replace("-", "−")
    digits = max(0, 2 - int(f"{size:e}".split("e")[1]))
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−").replace(",", " ")


def naming(labels: Labels) -> str:
    """Return a series' name as PromQL writes it."""
    named = dict(labels)
    inner = ", ".join(f'{name}="{value}"' for name, value in labels if name not in _HIDDEN_LABELS)
    return f"{named.get('__name__', '')}{{{inner}}}" if inner else named.get("__name__", "{}")


def plotted(signal: str, evidence: Evidence) -> str:
    """Return the name of what a finding's curve shows, which need not be its signal."""
    return evidence.plots or signal


def standing(incident: Incident) -> str:
    """Return the status as a word a person would say."""
    if incident.status is Status.RESOLVED:
        return "ended"
    if incident.status is Status.ACKNOWLEDGED:
        return f"with {incident.acknowledged_by}"
    return "not acknowledged"


def first_sign(incident: Incident) -> str:
    """Return what is honestly known of the cause: nothing, but which signal was odd first."""
    if not incident.signals:
        return "unknown"
    first = min(incident.signals, key=lambda signal: signal.first_ms)
    return f"{first.subject}, {first.signal}"


def chance(score: float) -> str:
    """Return how odd a score (-log10 of the tail probability) is, in words."""
    if score <= 0:
        return "by a fixed rule"
    if score >= 12:  # noqa: PLR2004  # nobody can check more than that
        return "less likely than 1 in a trillion looks"
    floor, word = next(pair for pair in _THOUSANDS if score >= pair[0])
    return f"as odd as 1 in {figure(float(f'{10 ** (score - floor):.2g}'))}{word} looks"


def seconds(value: float | None) -> str:
    """Write seconds as `took` does; a dash where nothing tells."""
    if value is None:
        return "–"
    return f"{'−' if value < 0 else ''}{took(abs(round(value * 1e9)))}"


def percent(value: float | None) -> str:
    """Write a share for reading; what is not quite nothing is not written as nothing."""
    if value is None:
        return "–"
    return "0 %" if not value else "< 0.1 %" if value < 0.001 else f"{100 * value:.3g} %"  # noqa: PLR2004  # what it says
