"""Which release a process shall run: one small file per process, with all that were chosen."""

from pathlib import Path

import soundstage.releases
from soundstage.errors import BadSetting

FIRST = "v1"
MOST_REMEMBERED = 50


def known_releases() -> list[str]:
    """List the releases that can be rolled out."""
    files = [path for folder in soundstage.releases.__path__ for path in Path(folder).glob("v*.py")]
    return sorted(path.stem for path in files)


def running_release(state: Path, process: str) -> str:
    """Return the release chosen for a process; ``v1`` when nobody chose."""
    return _chosen(state, process)[-1]


def choose_release(state: Path, process: str, release: str) -> None:
    """Choose the release a process runs from its next start on; raises ``BadSetting``."""
    if release not in known_releases():
        raise BadSetting(f"no release '{release}'; there are: {', '.join(known_releases())}")
    _write(state, process, [*_chosen(state, process), release])


def roll_back(state: Path, process: str) -> str:
    """Choose the release that ran before and return it; raises ``BadSetting`` for the first."""
    chosen = _chosen(state, process)
    if len(chosen) == 1:
        raise BadSetting(f"{process} has run nothing but {chosen[0]}: nothing to go back to")
    _write(state, process, chosen[:-1])
    return chosen[-2]


def _chosen(state: Path, process: str) -> list[str]:
    file = state / "releases" / process
    lines = file.read_text(encoding="utf-8").split() if file.exists() else []
    return [FIRST, *lines[-MOST_REMEMBERED:]]


def _write(state: Path, process: str, chosen: list[str]) -> None:
    folder = state / "releases"
    folder.mkdir(exist_ok=True)
    (folder / process).write_text("".join(f"{name}\n" for name in chosen[1:]), encoding="utf-8")
