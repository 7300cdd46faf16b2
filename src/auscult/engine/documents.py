"""Files that commands read: plans as YAML, advice as JSON, each checked as a whole before use."""

import json
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from auscult.kernel.errors import BodyMalformed, InputError, SettingError

PLAN_BYTES_MAX = 1 << 20
PAPER_BYTES_MAX = 64 << 20

Form = TypeVar("Form", bound=BaseModel)


def read_plan_as(form: type[Form], path: Path) -> Form:
    """Read a plan that somebody wrote as YAML; raises `SettingError`, with the mistake's place."""
    try:
        if path.stat().st_size > PLAN_BYTES_MAX:
            raise SettingError(f"{path} is larger than {PLAN_BYTES_MAX} bytes")
        return form.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as why:
        raise SettingError(f"{path}: {why.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise SettingError(f"{path} is no YAML: {str(wrong)[:200]}") from None
    except ValidationError as wrong:
        raise SettingError(f"{path}: {_first(wrong)}") from None


def read_paper_as(form: type[Form], path: Path, *, what: str) -> Form:
    """Read what a command wrote as JSON; what: what it should be, as in `codec advice`.

    Raises `InputError` where it cannot be opened, `BodyMalformed` where it is something else.
    """
    try:
        if path.stat().st_size > PAPER_BYTES_MAX:
            raise BodyMalformed(f"{path} is larger than {PAPER_BYTES_MAX} bytes")
        return form.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as why:
        raise InputError(f"{path}: {why.strerror}") from None
    except ValidationError as wrong:
        raise BodyMalformed(f"{path} is no {what}: {_first(wrong)}") from None
    except (ValueError, RecursionError) as wrong:
        raise BodyMalformed(f"{path} is no {what}: {wrong}") from None


def _first(wrong: ValidationError) -> str:
    first = wrong.errors()[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg']}"
