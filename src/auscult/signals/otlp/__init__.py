"""OTLP over HTTP: traces, metrics and logs, protobuf or JSON, decoded into columns."""
