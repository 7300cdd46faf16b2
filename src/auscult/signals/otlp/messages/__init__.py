"""Export requests as messages: unpacked, read by protobuf or made from JSON, or refused."""

from auscult.signals.otlp.messages.opening import media_of, open_body
from auscult.signals.otlp.messages.requests import JSON, PROTOBUF, cut_bounded, parse_request

__all__ = ["JSON", "PROTOBUF", "cut_bounded", "media_of", "open_body", "parse_request"]
