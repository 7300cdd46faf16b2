"""Calls to people as clients ask for them."""

ONCALL = {"channels": {"console": {"use": "console"}}, "oncall": {}}
"""Settings of a tenant whose incidents go by the default policy, with nobody on call."""


def query_for(path: str) -> str:
    """Return the parameters without which a path of this kind is refused."""
    return "?to=channel:console" if path.endswith("/reassign") else ""
