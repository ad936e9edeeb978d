"""Runs the blocks of each document from top to bottom, as they stand, against the real server."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator

import grpc
import numpy as np
import pytest
from google.protobuf import json_format

import tqdb
from tqdb import _proto

from blocks import Block, blocks_of, commands_of
from tables import BEFORE, DOCUMENTS, NOT_RUN, REPLACED

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = [Path(os.environ[name]) for name in ("TQDB_SERVER", "TQDB_CLI")]

# `tqdb-server` of the documents: ends the one before it, and returns when it serves.
SERVER = """#!/usr/bin/env bash
if [[ -f $HOME/server.pid ]]; then
  kill "$(<"$HOME/server.pid")"
  while kill -0 "$(<"$HOME/server.pid")" 2>/dev/null; do sleep 0.02; done
fi
"$TQDB_SERVER" "$@" >"$HOME/server.log" 2>&1 &
echo $! >"$HOME/server.pid"
until grep -q 'serving gRPC' "$HOME/server.log"; do
  kill -0 $! || { cat "$HOME/server.log"; exit 1; }
  sleep 0.02
done
"""


class Session:
    """A scratch directory, a server in it, and the names that Python blocks have defined."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        programs = directory / "programs"
        programs.mkdir()
        (programs / "tqdb").symlink_to(PROGRAMS[1].resolve())
        (programs / "tqdb-server").write_text(SERVER)
        (programs / "tqdb-server").chmod(0o755)
        (directory / "deploy").symlink_to(ROOT / "deploy")
        (directory / "tests").symlink_to(ROOT / "tests")
        self.directory = directory
        self.environment = {
            **os.environ, "HOME": str(directory), "PATH": f"{programs}:{os.environ['PATH']}",
            "TQDB_ADDRESS": f"localhost:{self.port}", "TQDB_GRPC_PORT": str(self.port),
            "TQDB_HTTP_PORT": "0",
        }  # fmt: skip
        self.shell("tqdb-server")
        self.client = tqdb.Client(f"localhost:{self.port}")
        self.names: Dict[str, Any] = {
            "client": self.client, "np": np, "json": json, "Path": Path, "tqdb": tqdb,
        }  # fmt: skip

    def shell(self, text: str) -> str:
        with open(self.directory / "output", "w+", encoding="utf-8") as output:
            # To a file: a server that goes on would hold a pipe open.
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", text], cwd=self.directory, check=False,
                env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                timeout=60,
            )  # fmt: skip
            output.seek(0)
            said = output.read()
        assert done.returncode == 0, f"{text}\n{said}"
        return said

    def python(self, text: str, line: int, document: str) -> None:
        exec(compile("\n" * line + text, document, "exec"), self.names)

    def request(self, block: Block) -> None:
        """Sends a request in JSON: the line above the block names the call."""
        named = re.search(r"`tqdb\.v1\.(\w+)/(\w+)`", block.before)
        assert named, f"line {block.line}: no call is named above the request"
        method = _proto.METHODS[f"{named[1]}.{named[2]}"]
        message = json_format.Parse(block.text, method.request())
        with grpc.insecure_channel(f"localhost:{self.port}") as channel:
            call = channel.unary_unary(
                method.path, method.request.SerializeToString, method.response.FromString
            )
            assert call(message, timeout=30).ByteSize() > 0

    def stop(self) -> None:
        self.client.close()
        for file in self.directory.glob("server.pid"):
            os.kill(int(file.read_text()), signal.SIGKILL)


@pytest.fixture()
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    started = Session(tmp_path)
    yield started
    started.stop()


def shown(output: str) -> str:
    """A pattern for output in a document: "..." is any text, and times differ."""
    pattern = re.escape(output).replace(r"\.\.\.", ".*")
    return re.sub(r"in\\ [\d\\.]+\\ s\b", r"in [\\d.]+ s", pattern)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_does_what_it_says(document: str, session: Session) -> None:
    blocks = blocks_of(ROOT / document)
    left_out = NOT_RUN.get(document, {})
    gone = set(left_out) - {block.first for block in blocks}
    assert not gone, "listed as not run, but not in the document"
    text = "\n".join(block.text for block in blocks if block.first not in left_out)
    assert all(old in text for old, _ in REPLACED.get(document, []))

    session.python(BEFORE.get(document, ""), 0, "tables.py")
    for block in blocks:
        if block.first in left_out:
            continue
        text = block.text
        for old, new in REPLACED.get(document, []):
            text = text.replace(old, new.replace("PORT", str(session.port)))
        block = block._replace(text=text)
        if block.language == "json":
            session.request(block)
        elif block.language == "python" or re.match(r"\w+ = tqdb\.", text):
            session.python(text, block.line, document)
        elif block.language in ("", "sh"):
            for command in commands_of(block):
                said = session.shell(command.text)
                assert re.search(shown(command.output), said), f"{command}\n{said}"
        else:
            pytest.fail(f"{document}:{block.line}: a block of {block.language} is not run")


def test_every_document_is_run() -> None:
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert there <= set(DOCUMENTS)
