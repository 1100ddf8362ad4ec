"""What any program can do with the code that is generated from proto/, and nothing else of ours."""

import grpc
from kachery_p2p.v1 import file_service_pb2, file_service_pb2_grpc

from originals import content_of

_OPTIONS = [("grpc.max_receive_message_length", 8 * 1024 * 1024)]


def read_over_grpc(address: str, token: str, uri: str, name: str) -> None:
    """Reads a whole file in a stream of messages and compares every byte with the original."""
    content = content_of(name)
    position = 0
    with grpc.insecure_channel(address, _OPTIONS) as channel:
        files = file_service_pb2_grpc.FileServiceStub(channel)
        request = file_service_pb2.ReadFileRequest(uri=uri)
        for response in files.ReadFile(request, metadata=(("authorization", f"Bearer {token}"),)):
            end = position + len(response.data)
            if response.data != content[position:end]:
                raise ValueError(f"{uri} differs between bytes {position} and {end}")
            position = end
    if position != len(content):
        raise ValueError(f"{uri} ended after {position} of {len(content)} bytes")
