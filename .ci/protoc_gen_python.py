"""A protoc plugin: runs grpcio-tools on our own package, from CodeGeneratorRequest to -Response.

grpcio-tools has its gRPC generator inside and not as a plugin, so buf cannot call it by itself.
"""

import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

PACKAGE = "kachery_p2p/"


def main() -> None:
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    names = [name for name in request.file_to_generate if name.startswith(PACKAGE)]
    with tempfile.TemporaryDirectory() as folder:
        descriptors = pathlib.Path(folder, "descriptors.binpb")
        descriptors.write_bytes(
            descriptor_pb2.FileDescriptorSet(file=request.proto_file).SerializeToString()
        )
        out = pathlib.Path(folder, "out")
        out.mkdir()
        bin_folder = pathlib.Path(sys.executable).parent
        subprocess.run(
            [
                sys.executable,
                "-m",
                "grpc_tools.protoc",
                f"--descriptor_set_in={descriptors}",
                f"--plugin=protoc-gen-mypy={bin_folder / 'protoc-gen-mypy'}",
                f"--plugin=protoc-gen-mypy_grpc={bin_folder / 'protoc-gen-mypy_grpc'}",
                f"--python_out={out}",
                f"--grpc_python_out={out}",
                f"--mypy_out=quiet:{out}",
                f"--mypy_grpc_out=quiet:{out}",
                *names,
            ],
            check=True,
            stdout=sys.stderr,
        )
        for path in sorted(out.rglob("*.py*")):
            response.file.add(name=str(path.relative_to(out)), content=path.read_text())
        for package in sorted({path.parent for path in out.rglob("*_pb2.py")}):
            response.file.add(
                name=str(package.relative_to(out) / "__init__.py"),
                content=init_of(package),
            )
    sys.stdout.buffer.write(response.SerializeToString())


def init_of(package: pathlib.Path) -> str:
    """The package's __init__: every message, enum and stub under the package's own name."""
    modules = sorted(path.stem for path in package.glob("*_pb2*.py"))
    lines = ['"""The API of kachery-p2p nodes, generated from its protobuf definitions."""', ""]
    lines += [f"from .{module} import *  # noqa: F403" for module in modules]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
