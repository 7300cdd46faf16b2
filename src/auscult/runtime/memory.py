"""Giving memory back that was needed once."""

import ctypes


def give_back() -> None:
    """Return freed memory to the system, after work that needed much of it for a moment.

    glibc keeps up to 64 MB of it in each thread's arena otherwise (mallopt(3), M_TRIM_THRESHOLD: it
    doubles the largest block that was ever freed). Does nothing where the C library cannot.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
