"""Adds to the package what protoc makes of proto/tqdb/v1: tqdb.binpb, a set of descriptors.

The package builds its message classes from it at import (tqdb/_proto.py). So there is no generated
code that would tie the package to one release of protobuf or grpcio.

What a build leaves goes to a temporary folder: the clone stays as it is, and no wheel has what an
earlier one left there, such as a module that is gone.

Where src/tqdb/bin/tqdb-server is there, the wheel carries it, and is for this kind of machine.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
SERVER = HERE / "src" / "tqdb" / "bin" / "tqdb-server"


def proto_directory() -> Path:
    """In a source distribution the protos lie beside this file, in a clone at its root."""
    for directory in (HERE / "proto", HERE.parent.parent / "proto"):
        if (directory / "tqdb" / "v1").is_dir():
            return directory
    raise SystemExit("setup.py: no proto/tqdb/v1 here: build from a clone or from the sdist")


class BuildWithDescriptors(build_py):
    def run(self) -> None:
        super().run()
        in_place = getattr(self, "editable_mode", False)
        target = (HERE / "src" if in_place else Path(self.build_lib)) / "tqdb" / "tqdb.binpb"
        target.parent.mkdir(parents=True, exist_ok=True)
        compile_descriptors(target)


class WheelWithServer(bdist_wheel):
    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = not SERVER.exists()

    def get_tag(self) -> tuple[str, str, str]:
        python, abi, platform = super().get_tag()
        return ("py3", "none", platform) if SERVER.exists() else (python, abi, platform)


class SdistWithProtos(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        target = Path(base_dir) / "proto"
        if not target.exists():
            shutil.copytree(proto_directory(), target, ignore=shutil.ignore_patterns("CMake*"))


def compile_descriptors(target: Path) -> None:
    import grpc_tools
    from grpc_tools import protoc

    protos = proto_directory()
    names = sorted(str(path.relative_to(protos)) for path in protos.glob("tqdb/v1/*.proto"))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    code = protoc.main(
        [
            "protoc",
            f"-I{protos}",
            f"-I{well_known}",
            "--include_imports",
            f"--descriptor_set_out={target}",
            *names,
        ]
    )
    if code != 0:
        raise SystemExit(f"setup.py: protoc failed with code {code}")


def build_folders() -> dict[str, dict[str, str]]:
    """An installation in place (`pip install -e`) keeps its folders: it is the clone."""
    if any(name in sys.argv for name in ("editable_wheel", "develop")):
        return {}
    temporary = Path(tempfile.mkdtemp(prefix="tqdb-build-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    (temporary / "egg").mkdir()
    return {
        "build": {"build_base": str(temporary / "build")},
        "egg_info": {"egg_base": str(temporary / "egg")},
    }


setup(
    options=build_folders(),
    cmdclass={
        "bdist_wheel": WheelWithServer,
        "build_py": BuildWithDescriptors,
        "sdist": SdistWithProtos,
    },
)
