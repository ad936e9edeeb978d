"""A server of a client's own, on a local directory: what `path=` starts.

The first client of a directory starts tqdb-server on a free port of the loopback interface, with an
API key that nobody else knows; further clients of this process share it; with the last it stops. It
also stops when this process ends, in whatever way: a shell waits for the end of a pipe whose other
end only this process has.
"""

from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Any, Deque, Dict, Optional, Union

from .errors import Error, FailedPrecondition, InvalidArgument, NotFound

PathLike = Union[str, Path]
VARIABLE = "TQDB_SERVER"
_PROGRAM = "tqdb-server"
_IN_PACKAGE = Path(__file__).resolve().parent / "bin" / _PROGRAM
_STOP_S = 60  # the server itself gives calls in progress 30 s

# The server runs in the background of a shell that stops it when standard input ends.
_SHELL = """
exec 3<&0
"$@" 3<&- </dev/null & server=$!
(read -r _ <&3; kill -TERM $server) 2>/dev/null & guard=$!
exec 3<&-
wait $server; code=$?
kill $guard 2>/dev/null
exit $code
"""
_SERVING = re.compile(r"serving gRPC.* on (\S+:\d+)")
_LOCKED = re.compile(r"LOCK|another process|is in use|locked", re.IGNORECASE)


def find_server(server: Optional[PathLike]) -> str:
    """The program: `server`, else $TQDB_SERVER, else of PATH, else the one in this package."""
    for name, given in (("server", server), (f"${VARIABLE}", os.environ.get(VARIABLE))):
        if given:
            found = shutil.which(str(given))
            if found is None:
                raise NotFound(f"{name} is {str(given)!r}, which is no program")
            return found
    found = shutil.which(_PROGRAM)
    if found is None and os.access(_IN_PACKAGE, os.X_OK):
        found = str(_IN_PACKAGE)
    if found is None:
        raise NotFound(
            f"path= needs the program {_PROGRAM}, which is not on PATH; give its place as "
            f"server=.. or in {VARIABLE} (deploy/build release makes it in build/release/server)"
        )
    return found


class LocalServer:
    """Shared by the clients of one directory in this process: `share` begins, `release` ends."""

    _running: "Dict[Path, LocalServer]" = {}
    _lock = threading.Lock()

    def __init__(self, directory: Path, program: str) -> None:
        self._directory = directory
        self._users = 0
        self._owner = os.getpid()
        self._tail: Deque[str] = deque(maxlen=20)
        self._served = threading.Event()
        self.address = ""
        self.api_key = secrets.token_hex(32)
        self._process = self._start(program)

    @classmethod
    def share(cls, path: PathLike, server: Optional[PathLike] = None) -> "LocalServer":
        """Raises NotFound when there is no program, FailedPrecondition when it does not start."""
        if os.name != "posix":
            raise FailedPrecondition("path= needs Linux; give the address of a server elsewhere")
        if not isinstance(path, (str, os.PathLike)) or str(path) in ("", ":memory:"):
            raise InvalidArgument(
                f"path is {path!r}; need a directory (of tempfile.mkdtemp(), if nothing is to stay)"
            )
        directory = Path(path).expanduser().resolve()
        with cls._lock:
            running = cls._running.get(directory)
            # What a fork left is the parent's, who ends it.
            if running is None or running._process.poll() is not None or not running._is_mine():
                running = cls._running[directory] = cls(directory, find_server(server))
            running._users += 1
        return running

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0 and self._is_mine()
            if last and self._running.get(self._directory) is self:
                del self._running[self._directory]
        if last:
            self._stop()

    def _is_mine(self) -> bool:
        return self._owner == os.getpid()

    def _start(self, program: str) -> "subprocess.Popen[bytes]":
        with tempfile.NamedTemporaryFile("w", prefix="tqdb-key-") as key_file:  # mode 0600
            key_file.write(self.api_key + "\n")
            key_file.flush()
            command = [
                program, "--data-dir", str(self._directory), "--listen", "127.0.0.1",
                "--grpc-port", "0", "--http-port", "0", "--api-key-file", key_file.name,
                "--log-level", "info", "--log-format", "text",
            ]  # fmt: skip
            process = subprocess.Popen(
                ["/bin/sh", "-c", _SHELL, "tqdb-local-server", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the client
            )
            threading.Thread(
                target=self._read, args=(process,), name="tqdb-server", daemon=True
            ).start()
            try:
                self._served.wait()  # loading takes what it takes; the end of the log ends it too
            except BaseException:
                self._close(process)
                raise
        if not self.address:
            self._close(process)
            raise self._no_start()
        atexit.register(self._stop)
        return process

    def _read(self, process: Any) -> None:
        for line in process.stderr:
            text = line.decode(errors="replace").rstrip()
            self._tail.append(text)
            found = _SERVING.search(text)
            if found and not self.address:
                self.address = found[1]
                self._served.set()
        self._served.set()

    def _no_start(self) -> Error:
        said = self._tail[-1] if self._tail else "nothing"
        if _LOCKED.search(said):
            return FailedPrecondition(
                f"path {str(self._directory)!r} is open in another process, and one at a time may "
                "have it: close that client, or start tqdb-server on the directory and give both "
                f"its address ({said})"
            )
        return FailedPrecondition(
            f"tqdb-server did not start on {str(self._directory)!r}; it said: {said}"
        )

    def _stop(self) -> None:
        if self._is_mine():
            atexit.unregister(self._stop)
            self._close(self._process)

    @staticmethod
    def _close(process: Any) -> None:
        process.stdin.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def _environment() -> Dict[str, str]:
    """Without the options that were meant for another server."""
    kept = ("TQDB_SIMD", "TQDB_SIGN_PREFETCH")
    return {k: v for k, v in os.environ.items() if not k.startswith("TQDB_") or k in kept}
