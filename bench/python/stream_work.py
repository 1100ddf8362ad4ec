"""What a client does that was generated from the contract alone, timed."""

from time import perf_counter

import grpc
from kachery_p2p.v1 import (
    file_service_pb2,
    file_service_pb2_grpc,
    node_service_pb2,
    node_service_pb2_grpc,
)

_OPTIONS = [("grpc.max_receive_message_length", 8 * 1024 * 1024)]


def read_stream(address: str, token: str, uri: str, size_bytes: int) -> float:
    """Seconds of reading a whole file through ReadFile."""
    with grpc.insecure_channel(address, _OPTIONS) as channel:
        grpc.channel_ready_future(channel).result(10)
        files = file_service_pb2_grpc.FileServiceStub(channel)
        metadata = (("authorization", f"Bearer {token}"),)
        start = perf_counter()
        taken = 0
        for response in files.ReadFile(
            file_service_pb2.ReadFileRequest(uri=uri), metadata=metadata
        ):
            taken += len(response.data)
        seconds = perf_counter() - start
    if taken != size_bytes:
        raise ValueError(f"read {taken} of {size_bytes} bytes")
    return seconds


def bare_calls(address: str, count: int) -> list[float]:
    """Seconds of each of so many of the smallest calls, one after another."""
    with grpc.insecure_channel(address, _OPTIONS) as channel:
        grpc.channel_ready_future(channel).result(10)
        node = node_service_pb2_grpc.NodeServiceStub(channel)
        return [_seconds_of_call(node) for _ in range(count)]


def _seconds_of_call(node: node_service_pb2_grpc.NodeServiceStub) -> float:
    start = perf_counter()
    node.GetNode(node_service_pb2.GetNodeRequest())
    return perf_counter() - start
