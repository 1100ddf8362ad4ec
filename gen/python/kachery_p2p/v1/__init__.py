"""The API of kachery-p2p nodes, generated from its protobuf definitions."""

from .channel_service_pb2 import *  # noqa: F403
from .channel_service_pb2_grpc import *  # noqa: F403
from .common_pb2 import *  # noqa: F403
from .common_pb2_grpc import *  # noqa: F403
from .error_reason_pb2 import *  # noqa: F403
from .error_reason_pb2_grpc import *  # noqa: F403
from .feed_service_pb2 import *  # noqa: F403
from .feed_service_pb2_grpc import *  # noqa: F403
from .file_service_pb2 import *  # noqa: F403
from .file_service_pb2_grpc import *  # noqa: F403
from .mirror_service_pb2 import *  # noqa: F403
from .mirror_service_pb2_grpc import *  # noqa: F403
from .mutable_service_pb2 import *  # noqa: F403
from .mutable_service_pb2_grpc import *  # noqa: F403
from .node_service_pb2 import *  # noqa: F403
from .node_service_pb2_grpc import *  # noqa: F403
