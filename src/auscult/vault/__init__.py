"""Secrets and personal data: sealed envelopes, key ids, pseudonyms and redaction."""
