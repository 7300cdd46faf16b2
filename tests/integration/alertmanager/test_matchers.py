"""Debian's amtool and auscult read the same matchers in the same spellings, and each other's."""

import json
import random
import subprocess
from pathlib import Path

import pytest

from auscult.kernel.errors import MatcherMalformed
from auscult.kernel.matchers import parse_matchers
from auscult.notification.decide.alerts.tree import Branch, grow
from tests.servers import binary

SEED, COUNT, SHARE_READ = 20, 200, 0.3
PIECES = (
    *("a", "prod", ".", "-", " ", "\t", "\n", "ä", "🙂", "{", "}", "(a)", "|", "[a-z]+", ".*"),
    *("\\", "\\\\", '\\"', "\\n", "\\d", "\\.", "\\\\.", '"', "'", ",", "=", "~", "!", "\\t", "$"),
)
OPS = ("=", "!=", "=~", "!~", " = ", " =~ ")
NAMES = ("a", "job", "a:b", "_x1", " a", "a ", "1a", "a-b")


def spellings() -> list[str]:
    """Return texts that are matchers, or nearly: the same ones every time."""
    chance = random.Random(SEED)
    return [_several(chance) for _ in range(COUNT)]


def _several(chance: random.Random) -> str:
    some = [_one(chance) for _ in range(1 if chance.random() < 0.7 else 2)]
    text = chance.choice((",", ", ", " ,")).join(some) + chance.choice(("", "", "", ",", ", "))
    return f"{{{text}}}" if chance.random() < 0.2 else text


def _one(chance: random.Random) -> str:
    value = "".join(chance.choice(PIECES) for _ in range(chance.randrange(6)))
    if chance.random() < 0.7:
        value = f'"{value}"'
    name = chance.choice(NAMES[:4] if chance.random() < 0.9 else NAMES)
    return f"{name}{chance.choice(OPS)}{value}"


def amtools(texts: list[str], folder: Path) -> list[str] | None:
    """Return how amtool writes each text's matchers again; None where it refuses one of them."""
    config = {
        "route": {
            "receiver": "root",
            "routes": [{"receiver": "r", "matchers": [text]} for text in texts],
        },
        "receivers": [{"name": "root"}, {"name": "r"}],
    }
    file = folder / "alertmanager.yml"
    file.write_text(json.dumps(config, ensure_ascii=False))
    command = [binary("amtool"), "config", "routes", "show", f"--config.file={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        return None
    lines = [line for line in done.stdout.splitlines() if line.endswith("  receiver: r")]
    return [line.partition("── ")[2].removesuffix("  receiver: r") for line in lines]


def ours(text: str) -> str | None:
    """Return how auscult writes a text's matchers again; None where it refuses it."""
    try:
        parse_matchers(text)
    except MatcherMalformed:
        return None
    return grow(Branch.model_validate({"receiver": "r", "matchers": [text]})).key


@pytest.mark.timeout(120)
def test_both_read_the_same_and_write_what_the_other_reads_again(tmp_path: Path) -> None:
    written: list[str] = []
    for text in spellings():
        theirs = amtools([text], tmp_path)
        if theirs is None:
            continue
        assert ours(text) == theirs[0], text
        written += theirs
    assert len(written) > SHARE_READ * COUNT, "enough of what is tried can be read"
    again = [ours(text) for text in written]
    assert again == written, "we read what amtool writes, as what it was"
    assert amtools(written, tmp_path) == written, "and it reads what we write"


@pytest.mark.timeout(120)
def test_what_amtool_refuses_is_refused_but_for_what_its_successors_read(tmp_path: Path) -> None:
    refused = [text for text in spellings() if amtools([text], tmp_path) is None]
    assert len(refused) > COUNT // 20, "some of what is tried cannot be read"
    taken = [text for text in refused if ours(text) is not None]
    assert all("a-b" in text or "1a" in text for text in taken), "names of UTF-8, since 0.27"
