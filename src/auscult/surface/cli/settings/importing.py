"""`auscult import`: an Alertmanager configuration as settings of a tenant."""

import sys
from pathlib import Path

import yaml
from pydantic import ValidationError

from auscult.kernel.errors import SettingError
from auscult.notification.decide.alerts import Alerting
from auscult.notification.decide.alerts.translating import Translated, translate

FILE_BYTES_MAX = 10_000_000


def import_config(file: Path, tenant: str) -> None:
    """Print the settings on stdout, and on stderr what to set and what was lost.

    Raises `SettingError` where the file is none, or does not fit together.
    """
    made = translate(_read(file))
    try:
        Alerting.model_validate(made.alerts)
    except ValidationError as why:
        first = why.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise SettingError(f"{file}: {where}: {said}" if where else f"{file}: {said}") from None
    settings = {"tenants": {tenant: {"channels": made.channels, "alerts": made.alerts}}}
    sys.stdout.write(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    for line in _remarks(made):
        sys.stderr.write(f"{line}\n")


def _remarks(made: Translated) -> list[str]:
    lines = ["# set these in the environment (the file's secrets are not carried over):"]
    lines += [f"#   {one}" for one in made.secrets]
    lost = ["# lost, and to be looked at:", *(f"#   {one}" for one in made.lost)]
    return [*(lines if made.secrets else ()), *(lost if made.lost else ())]


def _read(file: Path) -> object:
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise SettingError(f"{file}: more than {FILE_BYTES_MAX} bytes")
        return yaml.safe_load(file.read_text())
    except OSError as why:
        raise SettingError(f"{file}: {why.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as why:
        raise SettingError(f"{file}: {str(why).splitlines()[0]}") from None
