"""One question to a health address: which status, within how long."""

HEALTHY = 200


async def probe(url: str, *, within_ms: int) -> int | None:
    """Return the status a GET gives within so many milliseconds; None where there was no answer.

    Redirects are not followed, and nothing of the body is read.
    """
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=within_ms / 1_000)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
