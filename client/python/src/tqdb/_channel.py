"""What both clients connect with: address, TLS, API key, channel options."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

import grpc

from .errors import InvalidArgument

DEFAULT_PORT = 6334
PathLike = Union[str, Path]


@dataclass(frozen=True)
class TLS:
    """Files in PEM. Without `ca`, gRPC's roots are trusted. The client's own: `cert`, `key`."""

    ca: Optional[PathLike] = None
    cert: Optional[PathLike] = None
    key: Optional[PathLike] = None
    #: The name to expect in the server's certificate, if it is not the address.
    server_name: Optional[str] = None


@dataclass(frozen=True)
class Target:
    address: str
    credentials: Optional[grpc.ChannelCredentials]
    options: List[Tuple[str, Any]]
    metadata: Sequence[Tuple[str, str]]


def make_target(
    address: str,
    api_key: Optional[str],
    tls: Union[bool, TLS],
    options: Optional[Mapping[str, Any]],
) -> Target:
    all_options: List[Tuple[str, Any]] = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        ("grpc.primary_user_agent", f"tqdb-python/{_version()}"),
    ]
    credentials = None
    if tls:
        files = tls if isinstance(tls, TLS) else TLS()
        credentials = _credentials(files)
        if files.server_name:
            all_options.append(("grpc.ssl_target_name_override", files.server_name))
    all_options += list((options or {}).items())
    headers = [("authorization", f"Bearer {_checked(api_key)}")] if api_key is not None else []
    return Target(_with_port(address), credentials, all_options, headers)


def _credentials(tls: TLS) -> grpc.ChannelCredentials:
    if (tls.cert is None) != (tls.key is None):
        raise InvalidArgument("TLS(cert=.., key=..) go together; only one is given")

    def read(path: Optional[PathLike]) -> Optional[bytes]:
        return None if path is None else Path(path).read_bytes()

    return grpc.ssl_channel_credentials(read(tls.ca), read(tls.key), read(tls.cert))


def _checked(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise InvalidArgument("api_key is empty or has characters other than printable ASCII")
    return key


def _with_port(address: str) -> str:
    """host, host:port, [v6], [v6]:port; other forms (unix:, dns:///) go to gRPC as they are."""
    if not address:
        raise InvalidArgument('address is empty; need "host" or "host:port"')
    if "://" in address and address.split("://")[0] in ("http", "https"):
        raise InvalidArgument(f'address is {address!r}; need "host:port", and tls=True for TLS')
    bare = address.rsplit("]", 1)[-1] if address.startswith("[") else address
    return address if ":" in bare else f"{address}:{DEFAULT_PORT}"


def _version() -> str:
    try:
        return metadata.version("tqdb")
    except metadata.PackageNotFoundError:
        return "unknown"


def serialize(request: Any) -> bytes:
    """Requests are messages, or what _wire wrote."""
    return request if isinstance(request, bytes) else request.SerializeToString()
