"""Secrets are named in settings and found where they are; a missing one is said by its name."""

from pathlib import Path

import pytest

from auscult.kernel.errors import EnvelopeBroken, SettingError
from auscult.kernel.words import TenantId
from auscult.vault import Vault
from auscult.vault.references import open_secret, resolve_secret, seal_secret

A, B = TenantId("a"), TenantId("b")


def test_a_reference_is_resolved_and_a_literal_stays() -> None:
    environ = {"OPS": "from the environment", "EMPTY": ""}
    named = {"smtp": "from the vault"}
    assert resolve_secret("env:OPS", environ=environ) == "from the environment"
    assert resolve_secret("vault:smtp", environ={}, open_named=named.get) == "from the vault"
    assert resolve_secret("whsec_x", environ={}) == "whsec_x"
    assert resolve_secret("a:b", environ={}) == "a:b"
    for missing in ("env:NONE", "env:EMPTY", "vault:none"):
        with pytest.raises(SettingError, match=missing):
            resolve_secret(missing, environ=environ, open_named=named.get)


@pytest.mark.parametrize("text", ["env:", "env:A B", "env:1A", "vault:", "vault:../x"])
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="has a name"):
        resolve_secret(text, environ={"": "x", "A B": "x", "1A": "x"})


def test_a_tenants_secret_opens_for_that_tenant_and_name_only(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    envelope = seal_secret(vault, A, name="smtp", secret="pä$$")
    assert open_secret(vault, A, name="smtp", envelope=envelope) == "pä$$"
    for tenant, name in ((B, "smtp"), (A, "other")):
        with pytest.raises(EnvelopeBroken):
            open_secret(vault, tenant, name=name, envelope=envelope)
    with pytest.raises(SettingError, match="name"):
        seal_secret(vault, A, name="a/b", secret="x")
