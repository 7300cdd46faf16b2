"""With a certificate the server speaks TLS 1.3, and nothing older."""

import datetime as dt
import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.product import Product


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auscult test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    where, secret = folder / "cert.pem", folder / "key.pem"
    where.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return where, secret


def shake_hands(port: int, authority: Path, version: ssl.TLSVersion) -> str | None:
    """Return the TLS version agreed on."""
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        return wrapped.version()


def test_tls_is_1_3_and_a_1_2_handshake_is_refused(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    product = Product(tmp_path, {"acme": {}}, authority=certificate)
    product.extra = {
        "server": {
            "host": "127.0.0.1",
            "port": product.port,
            "tls_certificate": str(certificate),
            "tls_key": str(key),
        }
    }
    with product:
        assert shake_hands(product.port, certificate, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            shake_hands(product.port, certificate, ssl.TLSVersion.TLSv1_2)
