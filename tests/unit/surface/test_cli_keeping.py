"""Keys, secrets and the audit log by the command line: kept, named, taken away, written down."""

import io
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from auscult.kernel.errors import SettingError
from auscult.kernel.words import TenantId
from auscult.runtime.settings import load_settings
from auscult.store.rows.audit import AuditRow
from auscult.surface.cli.keeping import check_person
from auscult.surface.cli.opening import opened
from auscult.vault.references import open_secret
from tests.unit.surface.test_cli import Auscult, Done, auscult, config

__all__ = ["auscult", "config"]

ACME = TenantId("acme")
VALUE = "whsec_bm90LWluLXRoZS1kYXRhYmFzZQ=="


def audited(config: Path) -> list[AuditRow]:
    with opened(load_settings(config)) as house, house.store.read() as work:
        return list(reversed(work.of(ACME).audit.page().rows))


def tampered(config: Path, *statements: str) -> None:
    with sqlite3.connect(config.parent / "auscult.db") as database:
        names = database.execute("select name from sqlite_master where type='trigger'").fetchall()
        for (name,) in names:
            database.execute(f'drop trigger "{name}"')
        for statement in statements:
            database.execute(statement)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    def give(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return give


def add(auscult: Auscult, config: Path, *more: str) -> Done:
    return auscult("tenant", "add", "acme", "-c", str(config), *more)


def test_a_key_is_listed_with_its_person_and_revoked_once(config: Path, auscult: Auscult) -> None:
    assert "for Ana. It is" in add(auscult, config, "--name", " Ana ", "--role", "admin").stdout
    listed = auscult("tenant", "keys", "acme", "-c", str(config)).stdout
    key_id, role, name, _since, state = listed.split()
    assert (role, name, state) == ("admin", "Ana", "valid")
    gone = auscult("tenant", "revoke", key_id, "-c", str(config))
    assert gone.stdout == f"acme: key {key_id} of Ana is revoked\n"
    assert "revoked 20" in auscult("tenant", "keys", "acme", "-c", str(config)).stdout
    again = auscult("tenant", "revoke", key_id, "-c", str(config))
    assert (again.returncode, "no valid key" in again.stderr) == (2, True)
    assert [(row.action, row.about) for row in audited(config)] == [
        ("key.added", key_id),
        ("key.revoked", key_id),
    ]
    assert audited(config)[1].detail["name"] == "Ana"


def test_a_revoked_key_opens_nothing(config: Path, auscult: Auscult) -> None:
    key = add(auscult, config, "--print-key", "--name", "Ana").stdout.strip()
    with opened(load_settings(config)) as house:
        hashed = house.vault.hash_api_key(key)
        with house.store.read() as work:
            found = work.directory.find(hashed)
        assert found is not None
        assert found.name == "Ana"
        assert auscult("tenant", "revoke", found.key_id, "-c", str(config)).returncode == 0
        with house.store.read() as work:
            assert work.directory.find(hashed) is None


def test_two_valid_keys_never_have_one_name(config: Path, auscult: Auscult) -> None:
    assert add(auscult, config, "--name", "Ana").returncode == 0
    twice = add(auscult, config, "--name", "ana")
    assert (twice.returncode, "has the key" in twice.stderr) == (2, True)
    key_id = auscult("tenant", "keys", "acme", "-c", str(config)).stdout.split()[0]
    auscult("tenant", "revoke", key_id, "-c", str(config))
    assert add(auscult, config, "--name", "Ana").returncode == 0


@pytest.mark.parametrize("name", ["auscult", "Command  Line", "acme/01K", "a\x1b[2J", "x" * 81])
def test_nobody_is_named_like_another_actor(name: str) -> None:
    with pytest.raises(SettingError):
        check_person(name)


def test_a_secret_is_sealed_listed_replaced_and_removed(
    config: Path, auscult: Auscult, typed: Any
) -> None:
    where = ("-c", str(config))
    for value, word in (("first", "sealed"), (VALUE, "replaced")):
        typed(f"{value}\n")
        done = auscult("secret", "set", "acme", "hook", *where)
        assert done.returncode == 0, done.stderr
        assert f"secret hook is {word}" in done.stdout
    assert auscult("secret", "list", "acme", *where).stdout == "hook\n"
    with opened(load_settings(config)) as house, house.store.read() as work:
        envelope = work.of(ACME).secrets.get("hook")
        assert envelope is not None
        assert open_secret(house.vault, ACME, name="hook", envelope=envelope) == VALUE
    assert auscult("secret", "remove", "acme", "hook", *where).returncode == 0
    gone = auscult("secret", "remove", "acme", "hook", *where)
    assert (gone.returncode, "there are none" in gone.stderr) == (2, True)
    rows = audited(config)
    actions = ["secret.sealed", "secret.replaced", "secret.removed"]
    assert [row.action for row in rows] == actions
    assert VALUE not in repr(rows)
    assert VALUE.encode() not in (config.parent / "auscult.db").read_bytes()


@pytest.mark.parametrize(
    ("tenant", "name", "value"),
    [
        ("nobody", "hook", "x"),
        ("acme", "../x", "x"),
        ("acme", "hook", "\n"),
        ("acme", "hook", ""),
        ("acme", "hook", "x" * 65_537),
    ],
)
def test_a_secret_that_cannot_be_is_refused(
    config: Path, auscult: Auscult, typed: Any, *, tenant: str, name: str, value: str
) -> None:
    typed(value)
    assert auscult("secret", "set", tenant, name, "-c", str(config)).returncode == 2
    assert auscult("secret", "list", "acme", "-c", str(config)).stdout == ""


def test_at_a_terminal_a_secret_is_asked_for_without_an_echo(
    config: Path, auscult: Auscult, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(""))
    monkeypatch.setattr("getpass.getpass", lambda _prompt: VALUE)
    done = auscult("secret", "set", "acme", "hook", "-c", str(config))
    assert done.returncode == 0, done.stderr
    assert VALUE not in done.stdout + done.stderr


def test_a_check_looks_into_the_vault(config: Path, auscult: Auscult, typed: Any) -> None:
    text = config.read_text().replace("{use: console}", "{use: webhook, url: 'vault:hook'}")
    config.write_text(text)
    add(auscult, config)
    missing = auscult("check", "-c", str(config))
    assert (missing.returncode, "vault:hook is not in the vault" in missing.stderr) == (2, True)
    typed("https://ops.example/hidden-path\n")
    auscult("secret", "set", "acme", "hook", "-c", str(config))
    found = auscult("check", "-c", str(config))
    assert found.returncode == 0, found.stderr
    assert "vault:hook" in found.stdout
    assert "hidden-path" not in found.stdout


def test_the_address_of_the_store_may_come_from_the_environment(
    config: Path, auscult: Auscult, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = config.read_text().splitlines()
    url = next(line.split('"')[1] for line in lines if line.startswith("store:"))
    monkeypatch.setenv("STORE_URL", url)
    config.write_text("\n".join(lines).replace(url, "env:STORE_URL"))
    assert add(auscult, config).returncode == 0
    assert "acme: 1 rows" in auscult("audit", "verify", "-c", str(config)).stdout
    assert (config.parent / "auscult.db").exists()


def test_a_noted_head_proves_the_log_and_misses_a_wiped_one(config: Path, auscult: Auscult) -> None:
    verify = ("audit", "verify", "-c", str(config))
    add(auscult, config)
    head = auscult(*verify).stdout.split()[-1]
    add(auscult, config)
    assert auscult(*verify, "--expect", head).returncode == 0
    assert auscult(*verify, "--expect", "1:" + "0" * 64).returncode == 1
    assert auscult(*verify, "--expect", "acme").returncode == 2
    assert auscult(*verify, "--tenant", "nobody").returncode == 2
    tampered(config, "delete from audit", "delete from audit_heads", "delete from tenants")
    wiped = auscult(*verify)
    assert (wiped.returncode, "the log is gone" in wiped.stderr) == (1, True)
    tampered(config, "delete from credentials")
    assert auscult(*verify).returncode == 0, "nothing is left that says there was a log"
    lost = auscult(*verify, "--expect", head)
    assert (lost.returncode, "1 were noted" in lost.stderr) == (1, True)


def test_whose_head_it_is_must_be_said_where_there_are_several(
    config: Path, auscult: Auscult
) -> None:
    config.write_text(config.read_text() + "  bolt: {}\n")
    add(auscult, config)
    head = auscult("audit", "verify", "-c", str(config)).stdout.split()[7]
    verify = ("audit", "verify", "-c", str(config), "--expect", head)
    assert auscult(*verify).returncode == 2
    assert auscult(*verify, "--tenant", "acme").returncode == 0
    assert auscult(*verify, "--tenant", "bolt").returncode == 1


def test_a_head_without_a_seal_is_found_until_a_person_accepts_it(
    config: Path, auscult: Auscult
) -> None:
    verify = ("audit", "verify", "-c", str(config))
    add(auscult, config)
    tampered(config, "update audit_heads set seal = ''")
    add(auscult, config)
    assert "no seal of this vault" in auscult(*verify).stderr
    assert auscult("audit", "seal", "acme", "-c", str(config)).returncode == 0
    add(auscult, config)
    assert "acme: 4 rows, the chain holds" in auscult(*verify).stdout
    assert audited(config)[2].action == "audit.sealed"
    assert audited(config)[2].detail["before"].startswith("2:")


def test_a_check_without_the_keys_says_so_and_makes_none(config: Path, auscult: Auscult) -> None:
    add(auscult, config)
    ring = config.parent / "var" / "keyring.json"
    ring.rename(ring.with_name("elsewhere.json"))
    done = auscult("audit", "verify", "-c", str(config))
    assert (done.returncode, "no seal is checked" in done.stderr) == (0, True)
    assert not ring.exists()
