"""Real servers that carry a programme: Icecast for an endless stream, nginx for HLS in fMP4."""

import asyncio
import base64
import grp
import os
import pwd
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.product import free_port
from tests.servers import binary
from tests.unit.signals.listening.coded import FRAME, RATE_HZ, Pcm

PASSWORD = "hackme-on-loopback"
MOUNT = "/pop.ogg"
_ICECAST = """<icecast>
<limits><clients>20</clients><sources>2</sources><burst-size>0</burst-size></limits>
<authentication><source-password>{password}</source-password>
<admin-user>admin</admin-user><admin-password>{password}</admin-password></authentication>
<hostname>localhost</hostname>
<listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<fileserve>0</fileserve>
<paths><logdir>{folder}</logdir><webroot>/usr/share/icecast2/web</webroot>
<adminroot>/usr/share/icecast2/admin</adminroot></paths>
<logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog></logging>
<security><chroot>0</chroot>{owner}</security>
</icecast>
"""
_NGINX = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{ log_format told '$msec $uri $http_user_agent'; access_log {folder}/access.log told;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  types {{ application/vnd.apple.mpegurl m3u8; video/iso.segment m4s; video/mp4 mp4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ root {folder}/www; add_header Cache-Control no-cache; }}
  }}
}}
"""


@dataclass
class Fader:
    """What can go wrong with a programme: somebody turns it down."""

    volume: float = 1.0


@dataclass
class Programme:
    """Music that never repeats itself exactly, made in real time."""

    fader: Fader
    _made: int = 0

    def frame(self) -> Pcm:
        """The next 20 ms, float32 (FRAME, 2)."""
        t = (self._made + np.arange(FRAME)) / RATE_HZ
        self._made += FRAME
        glide = 0.3 * np.sin(2 * np.pi * (220 + 30 * np.sin(t / 3)) * t)
        other = 0.2 * np.sin(2 * np.pi * (331 + 20 * np.sin(t / 5)) * t)
        both = np.stack([glide + other, glide - other], axis=1) * self.fader.volume
        return np.asarray(both, dtype=np.float32)


@contextmanager
def icecast(folder: Path) -> Iterator[str]:
    """Run Icecast; yields `host:port`."""
    port, owner = free_port(), ""
    if os.geteuid() == 0:  # it refuses to serve as root
        user = pwd.getpwnam("icecast2")
        group = grp.getgrgid(user.pw_gid).gr_name
        os.chown(folder, user.pw_uid, user.pw_gid)
        for above in folder.parents:
            if above.stat().st_uid == 0 and above != Path("/") and str(above).startswith("/tmp/"):
                above.chmod(above.stat().st_mode | 0o011)
        owner = f"<changeowner><user>icecast2</user><group>{group}</group></changeowner>"
    config = folder / "icecast.xml"
    config.write_text(_ICECAST.format(port=port, folder=folder, password=PASSWORD, owner=owner))
    config.chmod(0o644)
    with running([binary("icecast2"), "-c", str(config)], port):
        yield f"127.0.0.1:{port}"


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Run nginx over `folder/www`; yields `host:port`."""
    port = free_port()
    (folder / "www").mkdir()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(port=port, folder=folder))
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    with running([binary("nginx"), "-c", str(config), "-p", str(folder), *user], port):
        yield f"127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Run a server until the block ends; it has to answer within ten seconds."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        ends_s = time.monotonic() + 10
        while True:
            if process.poll() is not None or time.monotonic() > ends_s:
                said = process.stdout.read1(2_000) if process.stdout else b""  # type: ignore[attr-defined]
                pytest.fail(f"{command[0]} does not answer: {said!r}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


class Encoding:
    """One Opus encoder whose packets are muxed as they come."""

    def __init__(self) -> None:
        context: Any = av.CodecContext.create("libopus", "w")
        context.sample_rate, context.bit_rate = RATE_HZ, 96_000
        context.layout, context.format = "stereo", "flt"
        context.time_base = Fraction(1, RATE_HZ)
        context.open()
        self._context = context
        self._at = 0

    def encode(self, sound: Pcm) -> list[Any]:
        """Return the packets that a frame completes."""
        shaped = np.ascontiguousarray(sound).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(shaped, format="flt", layout="stereo")
        frame.sample_rate, frame.pts = RATE_HZ, self._at
        frame.time_base = Fraction(1, RATE_HZ)
        self._at += FRAME
        return list(self._context.encode(frame))


async def send_to_icecast(address: str, programme: Programme) -> None:
    """Be the source of a mount point, in real time, until cancelled (HTTP PUT)."""
    host, _, port = address.partition(":")
    _reader, writer = await asyncio.open_connection(host, int(port))
    login = base64.b64encode(f"source:{PASSWORD}".encode()).decode()
    writer.write(
        f"PUT {MOUNT} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {login}\r\n"
        "Content-Type: audio/ogg\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    encoding, buffer = Encoding(), BytesIO()
    options = {"page_duration": "100000", "flush_packets": "1"}
    container: Any = av.open(buffer, "w", format="ogg", options=options)
    stream = container.add_stream("libopus", rate=RATE_HZ)
    stream.layout = "stereo"
    try:
        async for _ in ticking():
            for packet in encoding.encode(programme.frame()):
                packet.stream = stream
                container.mux(packet)
            writer.write(taken(buffer))
            await writer.drain()
    finally:
        writer.close()


async def write_hls(www: Path, programme: Programme, *, segment_s: float = 2.0) -> None:
    """Write a live playlist of fMP4 segments, in real time, until cancelled."""
    encoding, listed, number = Encoding(), list[str](), 0
    packets: list[Any] = []
    began_ms = time.time_ns() // 1_000_000
    async for _ in ticking():
        packets += encoding.encode(programme.frame())
        if len(packets) * FRAME < segment_s * RATE_HZ:
            continue
        header, body = fragment(packets, number)
        packets = []
        (www / "init.mp4").write_bytes(header)
        (www / f"{number}.m4s").write_bytes(body)
        made_ms = began_ms + round(1_000 * segment_s * number)
        moment = np.datetime64(made_ms, "ms").item().isoformat(timespec="milliseconds")
        listed.append(f"#EXT-X-PROGRAM-DATE-TIME:{moment}Z\n#EXTINF:{segment_s},\n{number}.m4s")
        listed, number = listed[-6:], number + 1
        lines = [
            "#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{segment_s:.0f}",
            f"#EXT-X-MEDIA-SEQUENCE:{number - len(listed)}", '#EXT-X-MAP:URI="init.mp4"', *listed,
        ]  # fmt: skip
        fresh = www / "live.new"
        fresh.write_text("\n".join(lines) + "\n")
        fresh.rename(www / "live.m3u8")


def fragment(packets: list[Any], number: int) -> tuple[bytes, bytes]:
    """Return the initialisation section and one fragment (ISO/IEC 14496-12)."""
    buffer = BytesIO()
    flags = "empty_moov+default_base_moof+frag_custom+delay_moov"
    options = {"movflags": flags, "fragment_index": str(number + 1)}
    with av.open(buffer, "w", format="mp4", options=options) as container:
        stream: Any = container.add_stream("libopus", rate=RATE_HZ)
        stream.layout = "stereo"
        for packet in packets:
            packet.stream = stream
            container.mux(packet)
    whole = buffer.getvalue()
    begins = whole.index(b"moof") - 4
    ends = whole.rindex(b"mfra") - 4 if b"mfra" in whole else len(whole)
    return whole[:begins], whole[begins:ends]


async def ticking() -> AsyncIterator[int]:
    """Yield once for each 20 ms of real time."""
    began_s, count = time.monotonic(), 0
    while True:
        count += 1
        yield count
        await asyncio.sleep(max(0.0, began_s + count * FRAME / RATE_HZ - time.monotonic()))


def taken(buffer: BytesIO) -> bytes:
    """Return what was written, and empty the buffer."""
    written = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return written
