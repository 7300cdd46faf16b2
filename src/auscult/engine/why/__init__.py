"""Why somebody was told of an incident, or was not: the record, put together for a person."""

from auscult.engine.why.account import Account, give_account

__all__ = ["Account", "give_account"]
