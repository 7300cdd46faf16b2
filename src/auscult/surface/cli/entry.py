"""Where the command line begins, and where every error of it ends as one line."""

import sys

WRONG_SETTING = 2
FAILED = 1


def main() -> None:
    """Run `auscult`; an error of the tree is one line on stderr and an exit code, no traceback."""
    from auscult.runtime.threads import keep_to_one_thread

    keep_to_one_thread()

    from auscult.kernel.errors import AuscultError, SettingError
    from auscult.surface.cli.commands import app

    try:
        app()
    except SettingError as wrong:
        _say(wrong.detail or str(wrong))
        sys.exit(WRONG_SETTING)
    except AuscultError as failed:
        _say(str(failed))
        sys.exit(FAILED)
    except BrokenPipeError:  # `auscult list | head` has what it wanted
        sys.stderr.close()
        sys.exit(0)


def _say(text: str) -> None:
    sys.stderr.write(f"auscult: {text}\n")
