"""Brings the generated protobuf and gRPC code into the package as kachery_p2p.v1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GeneratedCodeHook(BuildHookInterface[Any]):
    """Takes ../gen/python in the repository; in an unpacked sdist the code is in the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the generated folder to what is built."""
        root = Path(self.root)
        in_package = root / "src" / "kachery_p2p" / "v1"
        generated = root.parent / "gen" / "python" / "kachery_p2p" / "v1"
        if in_package.is_dir():
            return
        if not generated.is_dir():
            raise FileNotFoundError(
                f"The generated code is neither at {generated} nor at {in_package}. Build from "
                "the kachery-p2p repository, or from a source distribution made there."
            )
        prefix = "src/" if self.target_name == "sdist" else ""
        build_data["force_include"][str(generated)] = f"{prefix}kachery_p2p/v1"
