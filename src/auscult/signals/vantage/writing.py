"""Samples as a remote_write 1.0 request, as Prometheus itself would send them."""

from collections.abc import Iterable

import cramjam

from auscult.kernel.words import Labels
from auscult.signals.remote_write.schema import MESSAGES

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def write_request(rows: Iterable[tuple[Labels, int, float]]) -> bytes:
    """Return the body that carries (labels, Unix ms, value) rows, one series each."""
    request = MESSAGES["Request"]()
    for labels, at_ms, value in rows:
        series = MESSAGES["Series"]()
        for name, text in labels:
            series.labels.add(name=name.encode(), value=text.encode())
        series.samples.add(value=value, timestamp=at_ms)
        request.series.append(series.SerializeToString())
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
