"""Make `.venv` hold what one set needs: `python3 scripts/bootstrap.py run|full|test`.

Needs nothing but a Python with venv. Everything that is downloaded is pinned by hash. A stamp,
written last, makes a repeat cost nothing and lets a half-made environment be made again. This
file keeps to the syntax of Python 3.7, so that an old one gets a clear line, no SyntaxError.
"""

from __future__ import annotations  # lets an old Python read on to the clear line

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "auscult-stamp.json"
VENDOR_STAMP = ROOT / "src/auscult/surface/web/static/vendor/.lock-sha256"
LOCK = ROOT / "web/package-lock.json"
COVERS = {"run": {"run"}, "full": {"full", "run"}, "test": {"test", "run"}}
OLDEST, TOO_NEW = (3, 11), (3, 14)


def main() -> None:
    """Bring `.venv` up to the set named on the command line."""
    wanted = sys.argv[1] if len(sys.argv) == 2 else ""  # noqa: PLR2004  # script and set
    if wanted not in COVERS:
        sys.exit("usage: bootstrap.py " + "|".join(COVERS))
    digest = hash_inputs()
    installed = read_stamp(digest)
    if wanted in installed and has_browser_libraries():
        return
    refuse_unfit_python()
    if not UV.exists() or not is_same_python():
        installed = set()
        make_venv()
    STAMP.unlink(missing_ok=True)
    install_set(wanted, keep_others=bool(installed))
    install_project()
    STAMP.write_text(json.dumps({"digest": digest, "sets": sorted(installed | COVERS[wanted])}))
    say("ready")


def hash_inputs() -> str:
    """SHA-256 over all that decides what is installed, and over the version of Python."""
    files = sorted((ROOT / "requirements").glob("*.txt"))
    files += [ROOT / "pyproject.toml", ROOT / "hatch_build.py", LOCK]
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_stamp(digest: str) -> set[str]:
    """The sets that are installed in full; none where the inputs have changed since."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return set()
    return set(stamp["sets"]) if stamp["digest"] == digest else set()


def has_browser_libraries() -> bool:
    """Whether the page's libraries are there, from the present lock file."""
    if not VENDOR_STAMP.is_file():
        return False
    return VENDOR_STAMP.read_text() == hashlib.sha256(LOCK.read_bytes()).hexdigest()


def refuse_unfit_python() -> None:
    """End with one clear line where this Python cannot carry auscult."""
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        sys.exit(
            f"auscult needs Python 3.11, 3.12 or 3.13; {sys.executable} is "
            f"{sys.version.split()[0]}. Name another one: make PYTHON=python3.12 ..."
        )
    try:  # Debian's python3 has venv without the package, but not ensurepip
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "auscult needs Python's venv module. Install it and run this again: "
            "sudo apt install python3-venv"
        )


def is_same_python() -> bool:
    """Whether the environment runs, and on this version of Python."""
    show = "import sys; print(sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [str(PYTHON), "-c", show], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == repr(sys.version_info[:2])


def make_venv() -> None:
    """Make the environment anew, with uv in it."""
    say("making .venv with Python {}.{}".format(*sys.version_info[:2]))
    run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    run([*pip, "--require-hashes", "-r", str(ROOT / "requirements/uv.txt")])


def install_set(name: str, *, keep_others: bool) -> None:
    """Install one complete set; `keep_others` adds it to sets of the same pins."""
    path = ROOT / "requirements" / (name + ".txt")
    count = sum("==" in line for line in path.read_text().splitlines())
    say(f"installing the set {name!r} (at most {count} packages)")
    command = ["install", "-r"] if keep_others else ["sync"]
    run_uv(["pip", *command, str(path), "--require-hashes"])


def install_project() -> None:
    """Install auscult itself, editable; its build hook fetches the page's libraries."""
    say("installing auscult, and the page's libraries from npm")
    install = ["pip", "install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    if shutil.which("npm") or has_browser_libraries():
        run_uv(install)
        return
    with tempfile.TemporaryDirectory() as node:
        say("no npm here: taking Node from PyPI for the build")
        pinned = str(ROOT / "requirements/node.txt")
        run_uv(["pip", "install", "--require-hashes", "--target", node, "-r", pinned])
        run_uv(install, PYTHONPATH=node)


def run_uv(arguments: list[str], **environment: str) -> None:
    """Run uv on the environment, trusting the certificates that the system trusts."""
    command = [str(UV), "--quiet", *arguments, "--python", str(PYTHON)]
    run(command, **dict({"UV_SYSTEM_CERTS": "1"}, **environment))


def run(command: list[str], **environment: str) -> None:
    """Run a program with added environment; its failure ends the bootstrap with its code."""
    code = subprocess.run(command, env=dict(os.environ, **environment), check=False).returncode
    if code:
        sys.exit("auscult: set-up stopped, this failed: " + " ".join(command))


def say(text: str) -> None:
    """One line of progress, to stderr."""
    print("auscult: " + text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
