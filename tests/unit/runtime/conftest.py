"""Logs are one per process: what a test here configures must not outlive it."""

import logging as stdlib_logging
from collections.abc import Iterator

import pytest
import structlog

from auscult.runtime import logging


@pytest.fixture(autouse=True)
def restored_logs() -> Iterator[None]:
    """Put the process's logs back as they are before the first line is written."""
    root = stdlib_logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    stdlib_logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    logging._is_configured = False
