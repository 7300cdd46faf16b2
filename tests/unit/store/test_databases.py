"""What is missing for a database is said before anything is tried."""

from typing import Any

import pytest

from auscult.kernel.errors import SettingError
from auscult.store import Store
from auscult.store.databases import address


def test_without_its_driver_postgresql_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = lambda _name: None
    monkeypatch.setattr(address, "find_spec", missing)
    with pytest.raises(SettingError, match="extra `postgres`"):
        Store.open("postgresql://u:p@127.0.0.1:1/auscult")
