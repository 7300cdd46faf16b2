"""Which release a stage shall run: one small file per stage in the state folder."""

from pathlib import Path

FIRST = "v1"


def running_release(state: Path, stage: str) -> str:
    """Return the release chosen for a stage; ``v1`` when nobody chose."""
    file = state / "releases" / stage
    return file.read_text(encoding="utf-8").strip() if file.exists() else FIRST


def choose_release(state: Path, stage: str, release: str) -> None:
    """Choose the release a stage runs from its next start on."""
    folder = state / "releases"
    folder.mkdir(exist_ok=True)
    (folder / stage).write_text(release + "\n", encoding="utf-8")
