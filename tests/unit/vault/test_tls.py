"""TLS is 1.3 or nothing, and a wrong file is said by its name."""

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auscult.kernel.errors import SettingError
from auscult.vault.tls import client_tls_context, server_tls_context


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    for path, password in (("key.pem", None), ("locked.pem", b"pw")):
        (folder / path).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password)
                if password
                else serialization.NoEncryption(),
            )
        )
    (folder / "chain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "chain.pem", folder / "key.pem"


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            plain, _ = listener.accept()
            with plain:
                try:
                    server.wrap_socket(plain, server_side=True).close()
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as plain,
                client.wrap_socket(plain, server_hostname="localhost") as wrapped,
            ):
                return wrapped.version()
        finally:
            thread.join(10)


def test_two_of_ours_speak_1_3(files: tuple[Path, Path]) -> None:
    assert shake_hands(server_tls_context(*files), client_tls_context(files[0])) == "TLSv1.3"


def test_1_2_is_refused_from_either_side(files: tuple[Path, Path]) -> None:
    old_client = ssl.create_default_context(cafile=files[0])
    old_client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(server_tls_context(*files), old_client)
    old_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old_server.load_cert_chain(*files)
    old_server.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(old_server, client_tls_context(files[0]))


def test_an_unknown_server_is_not_trusted(files: tuple[Path, Path]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_tls_context(*files), client_tls_context())


def test_wrong_files_are_refused_by_name(files: tuple[Path, Path], tmp_path: Path) -> None:
    chain, key = files
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(SettingError, match=r"none\.pem: there is no such file"):
        server_tls_context(tmp_path / "none.pem", key)
    with pytest.raises(SettingError, match=r"wrong\.pem"):
        server_tls_context(wrong, key)
    with pytest.raises(SettingError, match="encrypted"):
        server_tls_context(chain, key.with_name("locked.pem"))
    with pytest.raises(SettingError, match=r"wrong\.pem: is no PEM"):
        client_tls_context(wrong)
