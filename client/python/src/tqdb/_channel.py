"""What both clients connect with: address, TLS, API key, channel options."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union
from urllib import request as urls

import grpc

from ._local_server import LocalServer
from ._retry import Retry, checked_timeout
from ._tls import TLS, PathLike, credentials_of
from ._version import __version__
from .errors import Error, InvalidArgument, Unauthenticated, Unavailable

__all__ = ["TLS", "PathLike", "Settings", "Target", "explained", "make_target", "serialize"]

DEFAULT_PORT = 6334
DEFAULT_ADDRESS = f"localhost:{DEFAULT_PORT}"
KEY_VARIABLE = "TQDB_API_KEY"

# A connection that a balancer, a firewall or a loss of power has cut without a word looks alive
# until something that was sent stays without an answer. So a ping goes out when nothing has come
# for the first time, and the connection is dropped when nothing comes for the second, either: calls
# work again within 18 s. The server allows a ping each 10 s. Idle connections are kept alive as
# well, which also keeps their entry in the tables of a NAT; so pings need no data between them.
# gRPC waits for two minutes between attempts to connect unless it is told a bound.
_KEEPALIVE_TIME_MS = 12_000
_KEEPALIVE_TIMEOUT_MS = 6_000
_MAX_RECONNECT_MS = 2_000
_OPTIONS = {
    "grpc.keepalive_time_ms": _KEEPALIVE_TIME_MS,
    "grpc.keepalive_timeout_ms": _KEEPALIVE_TIMEOUT_MS,
    "grpc.http2.ping_timeout_ms": _KEEPALIVE_TIMEOUT_MS,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.max_pings_without_data": 0,
    "grpc.max_reconnect_backoff_ms": _MAX_RECONNECT_MS,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.primary_user_agent": f"tqdb-python/{__version__}",
}


@dataclass(frozen=True)
class Settings:
    """Arguments of a client. A copy made by pickle has all of them but the API key, which it takes
    from TQDB_API_KEY, as the command line does."""

    address: Optional[str] = None  # DEFAULT_ADDRESS
    path: Optional[PathLike] = None  # in place of an address: of a server of its own
    server: Optional[PathLike] = None
    api_key: Optional[str] = field(default=None, repr=False)
    tls: Union[bool, TLS] = False
    timeout: Optional[float] = 60.0
    retry: Retry = Retry()
    options: Optional[Mapping[str, Any]] = None
    #: The original had a key, and the copy found none.
    lost_key: bool = False

    def __post_init__(self) -> None:
        if self.path is not None and (self.address is not None or self.api_key or self.tls):
            raise InvalidArgument("path is of a server of its own: no address, api_key or tls")
        checked_timeout(self.timeout)
        if not isinstance(self.retry, Retry):
            raise InvalidArgument(f"retry is {self.retry!r}; need a tqdb.Retry")
        if not isinstance(self.tls, (bool, TLS)):
            raise InvalidArgument(f"tls is {self.tls!r}; need True, False or a tqdb.TLS")

    def __getstate__(self) -> Dict[str, Any]:
        had_key = self.api_key is not None or self.lost_key
        return {**self.__dict__, "api_key": None, "lost_key": had_key}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        key = os.environ.get(KEY_VARIABLE) if state["lost_key"] else None
        self.__dict__.update(state, api_key=key, lost_key=state["lost_key"] and key is None)

    def target(self, local: Optional[LocalServer] = None) -> Target:
        """`local`: the server on `path`."""
        address = DEFAULT_ADDRESS if self.address is None else self.address
        if local is not None:
            return make_target(local.address, local.api_key, False, self.options)
        return make_target(address, self.api_key, self.tls, self.options)

    def __str__(self) -> str:
        if self.path is not None:
            return f"path={str(self.path)!r}"
        return repr(DEFAULT_ADDRESS if self.address is None else self.address)

    def check_key(self) -> None:
        """Raises Unauthenticated in a copy that lacks the key of its original."""
        if self.lost_key:
            raise Unauthenticated(
                "this client is a copy, and copies are made without the API key; "
                f"set {KEY_VARIABLE} before the copy is made, or make a new client"
            )


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
    full = _with_port(address)
    all_options: Dict[str, Any] = dict(_OPTIONS)
    if is_local(full):
        all_options["grpc.enable_http_proxy"] = 0
    credentials = None
    if tls:
        files = tls if isinstance(tls, TLS) else TLS()
        credentials = credentials_of(files)
        if files.server_name:
            all_options["grpc.ssl_target_name_override"] = files.server_name
    if options is not None and not isinstance(options, Mapping):
        raise InvalidArgument(f"options is {options!r}; need a dict of options of a gRPC channel")
    all_options.update(options or {})
    headers = [("authorization", f"Bearer {_checked(api_key)}")] if api_key is not None else []
    return Target(full, credentials, list(all_options.items()), headers)


def _checked(api_key: str) -> str:
    key = api_key.strip() if isinstance(api_key, str) else ""
    if not key or not key.isascii() or not key.isprintable():
        raise InvalidArgument("api_key is empty or has characters other than printable ASCII")
    return key


def _with_port(address: str) -> str:
    """host, host:port, [v6], [v6]:port; other forms (unix:, dns:///) go to gRPC as they are."""
    if not isinstance(address, str) or not address:
        shown = "empty" if address == "" else repr(address)
        raise InvalidArgument(f'address is {shown}; need "host" or "host:port"')
    if "://" in address and address.split("://")[0] in ("http", "https"):
        raise InvalidArgument(f'address is {address!r}; need "host:port", and tls=True for TLS')
    if address == ":memory:" or (("/" in address or "\\" in address) and ":" not in address):
        raise InvalidArgument(
            f'address is {address!r}; need "host:port", or path="DIRECTORY" for a server of its '
            "own on a local directory"
        )
    bare = address.rsplit("]", 1)[-1] if address.startswith("[") else address
    return address if ":" in bare else f"{address}:{DEFAULT_PORT}"


_LOCAL = re.compile(
    r"(dns:///|ipv4:|ipv6:)?(localhost|127(\.\d+){3}|\[::1\]):\d+|unix(-abstract)?:.*"
)


def is_local(address: str) -> bool:
    """Whether it is on this machine for sure, so that no proxy can be meant."""
    return _LOCAL.fullmatch(address) is not None


def explained(failure: Error, target: Target, answered: bool) -> Error:
    """Adds to the message of Unavailable what gRPC leaves to be guessed. `answered`: the server has
    answered this client before."""
    if not isinstance(failure, Unavailable) or answered:
        return failure
    text, secure = failure.message, target.credentials is not None
    hint = ""
    if not secure and ("Socket closed" in text or "onnection reset" in text):
        hint = "the server hung up, as one does that wants TLS: is tls=True missing?"
    elif secure and "WRONG_VERSION_NUMBER" in text:
        hint = "the server answers without TLS: is tls=True wrong?"
    elif secure and ("Socket closed" in text or "CERTIFICATE_REQUIRED" in text):
        hint = "a server that wants the client's certificate does this: TLS(cert=.., key=..)"
    elif secure and "Peer name" in text:
        hint = "TLS(server_name=..) is for a certificate of another name than the address"
    proxy = _proxy_of(target)
    if proxy:
        hint += ("; " if hint else "") + f"the way is through the proxy {proxy} of the environment"
    if hint:
        failure.say(f"{target.address}: {text} ({hint})")
    return failure


def _proxy_of(target: Target) -> str:
    """The proxy that gRPC takes, without a password, or ""."""
    if not dict(target.options).get("grpc.enable_http_proxy", 1):
        return ""
    host = target.address.rsplit(":", 1)[0]
    if urls.proxy_bypass_environment(host):  # type: ignore[attr-defined]
        return ""
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        if os.environ.get(name):
            return f"{name}={os.environ[name].rsplit('@', 1)[-1]}"
    return ""


def serialize(request: Any) -> bytes:
    """Requests are messages, or what _wire wrote."""
    return request if isinstance(request, bytes) else request.SerializeToString()
