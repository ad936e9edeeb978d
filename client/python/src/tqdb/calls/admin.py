"""The server itself."""

from __future__ import annotations

from typing import Any, Optional

from ..types import ServerInfo
from ._call import Call, make_request


def server_info(*, timeout: Optional[float] = None) -> Call[ServerInfo]:
    """Version, machine and limits of the server."""

    def read(response: Any) -> ServerInfo:
        names = ServerInfo.__dataclass_fields__
        return ServerInfo(**{name: getattr(response, name) for name in names})

    method = "AdminService.GetServerInfo"
    return Call(method, make_request(method), read, timeout)
