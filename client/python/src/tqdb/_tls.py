"""Files of TLS, checked before gRPC gets them: its own errors name neither file nor reason."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import grpc

from .errors import InvalidArgument

PathLike = Union[str, Path]


@dataclass(frozen=True)
class TLS:
    """Files in PEM. Without `ca`, gRPC's roots are trusted. The client's own: `cert`, `key`."""

    ca: Optional[PathLike] = None
    cert: Optional[PathLike] = None
    key: Optional[PathLike] = None
    #: The name to expect in the server's certificate, if it is not the address.
    server_name: Optional[str] = None


def credentials_of(tls: TLS) -> grpc.ChannelCredentials:
    """Raises InvalidArgument, with option and file, for what cannot be read or used."""
    if (tls.cert is None) != (tls.key is None):
        raise InvalidArgument("TLS(cert=.., key=..) go together; only one is given")
    ca, cert, key = _read("ca", tls.ca), _read("cert", tls.cert), _read("key", tls.key)
    if tls.ca is not None:
        _check_authorities(tls.ca)
    if tls.cert is not None and tls.key is not None:
        _check_pair(tls.cert, tls.key)
    return grpc.ssl_channel_credentials(ca, key, cert)


def _read(option: str, path: Optional[PathLike]) -> Optional[bytes]:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except (OSError, TypeError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InvalidArgument(f"TLS({option}={str(path)!r}) cannot be read: {why}") from None


def _check_authorities(path: PathLike) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(str(path))
    except (ssl.SSLError, OSError):
        raise InvalidArgument(
            f"TLS(ca={str(path)!r}) holds no certificate in PEM form"
        ) from None


def _check_pair(cert: PathLike, key: PathLike) -> None:
    def no_password() -> str:
        raise _Encrypted

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(str(cert), str(key), no_password)
    except _Encrypted:
        raise InvalidArgument(
            f"TLS(key={str(key)!r}) is encrypted; need a key without a passphrase: "
            "openssl pkey -in ENCRYPTED -out PLAIN"
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise InvalidArgument(
                f"TLS(key={str(key)!r}) is not the key of the certificate {str(cert)!r}"
            ) from None
        raise InvalidArgument(
            f"TLS(cert={str(cert)!r}, key={str(key)!r}): no certificate and private key in PEM "
            f"form: {error.reason or error}"
        ) from None


class _Encrypted(Exception):
    pass
