"""The folders and files that a person names: seen to be usable before anything is started."""

from pathlib import Path

from soundstage.errors import BadSetting


def open_state(state: Path) -> None:
    """Make the state folder where it is missing; raises ``BadSetting`` where that cannot be."""
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"--state {state}: {error.strerror}; name a folder to write in") from error


def see_writable(path: Path, *, option: str) -> None:
    """See that a file can be written at the end, and leave none; raises ``BadSetting``."""
    was_there = path.exists()
    try:
        with path.open("a", encoding="utf-8"):
            pass
        if not was_there:
            path.unlink()
    except OSError as error:
        raise BadSetting(f"{option} {path}: {error.strerror}; nothing was started") from error
