"""The five stages, each a small process: ingest → enhance → encode → package → edge."""
