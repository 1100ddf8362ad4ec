"""The API of kachery-p2p nodes, generated from its protobuf definitions."""

from .peer_service_pb2 import *  # noqa: F403
from .peer_service_pb2_grpc import *  # noqa: F403
