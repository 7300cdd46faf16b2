import json
import os
from pathlib import Path

import pytest

from auscult.signals.scraping import Target, TargetFiles, static_targets

LABELS = {"job": "stage"}


def test_addresses_are_hosts_or_urls() -> None:
    found = static_targets(["h:1", "https://h:2/m?x=1", "http://[::1]:3/metrics"], LABELS)
    assert [target.url for target in found] == [
        "http://h:1/metrics",
        "https://h:2/m?x=1",
        "http://[::1]:3/metrics",
    ]
    assert found[0].labels == (("instance", "h:1"), ("job", "stage"))
    assert found[2].instance == "[::1]:3"


@pytest.mark.parametrize("address", ["", "ftp://h/x", "file:///etc/passwd", "u:p@h:1", "a b", "/x"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        static_targets([address], LABELS)


def test_files_are_read_as_prometheus_writes_them(tmp_path: Path) -> None:
    group = {
        "targets": ["h:1"],
        "labels": {"job": "own", "__metrics_path__": "/m", "__scheme__": "https", "__meta_x": "1"},
    }
    (tmp_path / "a.json").write_text(json.dumps([group]))
    (tmp_path / "b.yml").write_text("- targets: ['h:2', 'h:2']\n  labels: {instance: two, n: 5}\n")
    found, wrong = TargetFiles([tmp_path / "*.json", tmp_path / "b.yml"], LABELS).read()
    assert wrong == ""
    assert found == [
        Target("https://h:1/m", (("instance", "h:1"), ("job", "own"))),
        Target("http://h:2/metrics", (("instance", "two"), ("job", "stage"), ("n", "5"))),
    ]


def test_a_changed_file_is_read_again_and_a_broken_one_keeps_its_last_targets(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.json"
    files = TargetFiles([path], LABELS)
    assert files.read()[0] == []
    assert "t.json" in files.read()[1]
    write(path, '[{"targets": ["h:1"]}]', second=1)
    assert [target.instance for target in files.read()[0]] == ["h:1"]
    for second, broken in enumerate(
        ["[{", '[{"targets": "h"}]', '[{"targets": ["u@h"]}]', '{"a":1}']
    ):
        write(path, broken, second=10 + second)
        found, wrong = files.read()
        assert [target.instance for target in found] == ["h:1"]
        assert wrong.startswith("t.json: ")
    write(path, "[]", second=20)
    assert files.read() == ([], "")
    path.unlink()
    assert files.read()[0] == []


def write(path: Path, text: str, *, second: int) -> None:
    path.write_text(text)
    os.utime(path, (second, second))
