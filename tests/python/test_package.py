"""The package as it was installed: what it carries, what its build leaves, what an import does."""

from __future__ import annotations

import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import tqdb
from tqdb import _progress

from .conftest import ROOT


def test_the_package_carries_version_licence_and_author():
    told = metadata.metadata("tqdb")
    assert tqdb.__version__ == told["Version"] == metadata.version("tqdb")
    assert told["License-Expression"] == "Apache-2.0" and told["Author"]
    [licence] = [file for file in metadata.files("tqdb") if file.name == "LICENSE"]
    assert licence.read_text() == (ROOT / "LICENSE").read_text()


def test_a_build_leaves_nothing_in_the_clone():
    """tests/python/environment has installed from a copy of the clone."""
    clone = Path(sys.prefix).parent / "source"
    assert (clone / "client" / "python" / "setup.py").exists()
    left = [path.name for path in (clone / "client" / "python").rglob("*")]
    assert not [name for name in left if name in ("build", "dist") or name.endswith(".egg-info")]


def test_importing_it_warns_of_nothing_and_brings_no_bar():
    """tqdm.auto warns in notebooks without ipywidgets."""
    code = "import sys, tqdb; sys.exit(any(name.startswith('tqdm') for name in sys.modules))"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_an_upload_in_a_notebook_shows_a_bar(server, client, name, monkeypatch, capfd):
    class ZMQInteractiveShell:
        pass

    fake = types.SimpleNamespace(get_ipython=ZMQInteractiveShell)
    client.create_collection(name, dim=8)
    client.upload(name, [[1.0] * 8] * 10, range(10))
    assert capfd.readouterr().err == ""  # no terminal
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setattr(_progress.importlib.util, "find_spec", lambda module: None)
    client.upload(name, [[1.0] * 8] * 10, range(10))
    assert "10.0/10.0" in capfd.readouterr().err
