"""The version of the package."""

from __future__ import annotations

from importlib import metadata

try:
    __version__ = metadata.version("tqdb")
except metadata.PackageNotFoundError:
    __version__ = "unknown"  # of sources that nobody installed
