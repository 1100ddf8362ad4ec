"""What is built: the generated code is in it, whichever way."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from support.daemon import REPOSITORY


def build(project: Path, target: str, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (built,) = out.iterdir()
    return built


def test_a_wheel_can_be_built_from_the_source_distribution(tmp_path: Path) -> None:
    source = build(REPOSITORY / "python", "sdist", tmp_path / "sdist")
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            archive.extract(member, tmp_path)
    (unpacked,) = tmp_path.glob("kachery_p2p-*")
    wheel = build(unpacked, "wheel", tmp_path / "wheel")
    direct = build(REPOSITORY / "python", "wheel", tmp_path / "direct")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(direct) as other:
        names = {name for name in one.namelist() if "dist-info" not in name}
        assert names == {name for name in other.namelist() if "dist-info" not in name}
    generated = (REPOSITORY / "gen/python/kachery_p2p/v1").glob("*.py*")
    assert {f"kachery_p2p/v1/{path.name}" for path in generated if path.is_file()} <= names
    assert "kachery_p2p/py.typed" in names
