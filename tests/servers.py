"""Real servers that tests need, as Debian's packages install them."""

import os
import shutil

import pytest


def binary(name: str) -> str:
    """Return the path of a server; skips loudly without it, which CI counts as a failure."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed: make services")
    return found
