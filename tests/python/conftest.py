"""The real server, as a child process, for all tests of this folder."""

from __future__ import annotations

import inspect
import itertools
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional

import pytest

import tqdb

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("TQDB_SERVER", str(ROOT / "build" / "dev" / "server" / "tqdb-server"))


class Server:
    """tqdb-server on a free port; the same one after a restart."""

    def __init__(self, directory: Path, arguments: Optional[List[str]] = None) -> None:
        self.directory = directory
        self.arguments = arguments or []
        self.port = 0
        self._log = directory / "log"
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        begin = self._log.stat().st_size if self._log.exists() else 0
        command = [
            SERVER, "--data-dir", str(self.directory / "data"), "--grpc-port", str(self.port),
            "--http-port", "0", *self.arguments,
        ]  # fmt: skip
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            text = self._log.read_bytes()[begin:].decode()
            serving = re.search(r"serving gRPC.* on \S+:(\d+)", text)
            if serving:
                self.port = int(serving[1])
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop(signal.SIGKILL)
        raise RuntimeError(f"the server did not start: {text}")

    def stop(self, with_signal: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        self.process.wait(60)  # it flushes every collection


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


@pytest.fixture()
def own_server(tmp_path: Path) -> Iterator[Server]:
    """For tests that stop it."""
    running = Server(tmp_path)
    yield running
    running.stop(signal.SIGKILL)


@pytest.fixture()
def client(server: Server) -> Iterator[tqdb.Client]:
    with tqdb.Client(server.address) as connected:
        yield connected


class Awaiting:
    """Lets a test await either client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if inspect.isawaitable(result):
                return await result
            if inspect.isasyncgen(result):
                return [item async for item in result]
            return list(result) if inspect.isgenerator(result) else result

        return call


async def in_either_way(result: Any) -> Any:
    """The result of a method of either client."""
    return await result if inspect.isawaitable(result) else result


@pytest.fixture(params=["Client", "AsyncClient"])
async def either_client(request: Any, server: Server) -> Any:
    """Tests run with `Client` and with `AsyncClient`."""
    opened = getattr(tqdb, request.param)(server.address)
    yield Awaiting(opened)
    closed = opened.close()
    if inspect.isawaitable(closed):
        await closed


_numbers = itertools.count()


@pytest.fixture()
def name() -> str:
    """A collection that nobody has used."""
    return f"c{next(_numbers)}"


def server_has(flag: str) -> bool:
    told = subprocess.run([SERVER, "--help"], capture_output=True, text=True, check=False)
    return flag in told.stdout + told.stderr
