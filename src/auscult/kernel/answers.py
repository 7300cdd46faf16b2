"""What an HTTP status means for an effect: done, worth another try, or never.

One table for every kind of receiver; each row says which codes that receiver means as "not now".
Sources: PagerDuty Events API v2, Slack "Rate limits", Standard Webhooks 1.0, RFC 9110 and 6585.
"""

from auscult.kernel.effects import Result

NOT_NOW: dict[str, frozenset[int]] = {
    "webhook": frozenset({408, 409, 423, 425, 429}),
    "slack": frozenset({408, 429}),
    "pagerduty": frozenset({408, 429}),
}
"""4xx codes that are worth another try, by kind of receiver; every 5xx is."""

RETRY_AFTER_MAX_MS = 3_600_000


def judge_status(kind: str, status: int) -> Result:
    """Return what a status from this kind of receiver means; a redirect is a refusal."""
    if 200 <= status < 300:  # noqa: PLR2004  # the class "successful" of RFC 9110
        return Result.DONE
    if status >= 500 or status in NOT_NOW[kind]:  # noqa: PLR2004  # "server error"
        return Result.RETRY
    return Result.REFUSED


def retry_after_ms(header: str | None) -> int | None:
    """Return how long a `Retry-After` in seconds asks to wait, at most an hour.

    None where there is none, or where it is a date: the usual pause is then as good.
    """
    if header is None or not header.strip().isascii() or not header.strip().isdigit():
        return None
    return min(int(header.strip()[:9]) * 1_000, RETRY_AFTER_MAX_MS)
