"""Secrets and personal data: sealed envelopes, key ids, pseudonyms and redaction.

`cryptography` is loaded only when something is sealed, hashed or opened; TLS contexts
(`auscult.vault.tls`) and secret references (`auscult.vault.references`) are imported where used.
"""

from auscult.vault.redaction import redact, redact_fields, redact_text
from auscult.vault.vault import AUDIT_SEALS, Vault

__all__ = ["AUDIT_SEALS", "Vault", "redact", "redact_fields", "redact_text"]
