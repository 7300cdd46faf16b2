"""What the name of a metric tells about it, by the conventions of Prometheus' exporters."""

import re

EXCLUDED = (
    r".*_(bucket|created|info|timestamp_seconds|start_time_seconds)",
    r"up|ALERTS.*|scrape_.*",
)
"""Not to be scored: parts of histograms, words in numbers, and what other detectors look at."""

CRITICAL = r".*(error|fail|unavailable|stall|rebuffer|dropout|underrun|lost|5xx).*"
"""Somebody is hurt when it rises."""

EASING = rf"{CRITICAL}|.*(lag|latency|delay|duration|wait|retr(y|ies)|timeout|missing|dropped).*"
"""Less of it is better: nobody is woken when it falls."""

GAINING = r".*(throughput|goodput|success|availab|headroom).*"
"""More of it is better: nobody is woken when it rises."""

GRAINS = {"s": 5e-3, "ms": 5.0, "s/s": 0.05, "ms/s": 50.0}
"""The least change of a duration that is worth a word, by its unit: whoever shares a machine waits
for a slice of its scheduler (3 ms, Linux' base slice) once or twice, and what varies by less tells
of a neighbour. Seconds that are spent in each second: a twentieth of what one worker can do."""

SLIGHT = 0.25
"""Nor is a duration worth a word that is beyond what is usual by less than this share of it: a
choice, so that nobody is told of a stage that is a tenth slower. Less than that is never said."""


def refuse_unreadable(patterns: tuple[str, ...]) -> None:
    """Raise `ValueError` for a pattern that is no regular expression."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as why:
            raise ValueError(f"{pattern!r}: {why}") from None
