"""Identifiers that sort by the time they were made (ULID specification, github.com/ulid/spec)."""

import secrets
import threading
import uuid

from auscult.runtime.clock import Clock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_BITS = 48
_CHANCE_BITS = 80
_CHARS = 26


class IdMaker:
    """Makes ULIDs: 48 bits of time, 80 of chance, and strictly growing within one maker.

    Within one millisecond, and while the wall clock runs backwards, the last id is counted up
    instead, so ids made one after the other sort in that order. Safe from several threads.
    """

    def __init__(self) -> None:
        """Begin with no id made."""
        self._lock = threading.Lock()
        self._last = 0

    def make(self, now_ms: int) -> str:
        """Return the next id, 26 characters of Crockford's base 32."""
        if not 0 <= now_ms < 1 << _TIME_BITS:
            raise ValueError(f"{now_ms} ms is not a time a ULID can carry")
        with self._lock:
            if now_ms > self._last >> _CHANCE_BITS:
                self._last = now_ms << _CHANCE_BITS | secrets.randbits(_CHANCE_BITS)
            else:
                self._last += 1
            number = self._last
        shifts = range(5 * (_CHARS - 1), -1, -5)
        return "".join(_ALPHABET[number >> shift & 31] for shift in shifts)


_process = IdMaker()


def new_id(clock: Clock) -> str:
    """Return a new id: 26 characters, unique, growing within this process."""
    return _process.make(clock.now_ms())


def new_uuid() -> str:
    """Return a random UUID (RFC 9562, version 4), where another's interface wants one."""
    return str(uuid.uuid4())


def time_of_id_ms(identifier: str) -> int:
    """Return when an id was made, in Unix milliseconds; raises ValueError for what is none."""
    if len(identifier) != _CHARS:
        raise ValueError(f"an id has {_CHARS} characters")
    number = 0
    for character in identifier:
        number = number << 5 | _ALPHABET.index(character)
    return number >> _CHANCE_BITS
