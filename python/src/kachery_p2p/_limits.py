"""Every bound of this package on what comes in or goes out, in one place."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB

CHUNK_BYTES = 20_000_000
"""Size of a chunk in manifests; files of this size or less have none. As kachery-p2p 0.8."""

DATA_MESSAGE_BYTES = MIB
"""Bytes of data in one message of an upload, and of one piece of a file."""

MAX_MESSAGE_BYTES = 16 * MIB
"""Bytes of one gRPC message in either direction."""

MAX_URI_LENGTH = 4096
"""Characters of a URI."""

MAX_LABEL_BYTES = 255
"""Bytes of a label, as of a file name on Linux and macOS."""

MAX_OFFSET = 2**53 - 1
"""An offset in a file; JavaScript's numbers end there."""

MAX_LISTING_BYTES = 32 * MIB
"""Bytes of a directory listing (sha1dir) that is read into memory."""

MAX_NPY_HEADER_BYTES = 256 * KIB
"""Bytes of the header of an npy file, which names every field of its dtype."""

MAX_BATCH_FILES = 1_000
"""Files in one StoreFiles request."""

MAX_BATCH_BYTES = 3 * MIB
"""Bytes of content in one StoreFiles request."""

MAX_SMALL_FILE_BYTES = 256 * KIB
"""Bytes of a file that travels in a batch; larger ones have a call of their own."""

MAX_BATCH_URIS = 10_000
"""URIs in one ReadFiles request."""

PROBE_SECONDS = 10.0
"""How long what the daemon told of itself is believed without asking again."""

UNARY_TIMEOUT_SECONDS = 30.0
"""How long a call that does little may take."""

JOIN_TIMEOUT_SECONDS = 60.0
"""How long joining a channel may take, which the daemon reads before it answers."""

MIN_REMEMBERED_BYTES = 1_000_000
"""Size of the smallest file whose hash is remembered."""

MIN_PROGRESS_BYTES = 64 * MIB
"""Size of the smallest transfer that shows a progress bar."""

MAX_FEED_MESSAGE_BYTES = MIB
"""Bytes of a message of a feed."""

MAX_APPEND_MESSAGES = 10_000
"""Messages in one append."""

MAX_APPEND_BYTES = 6 * MIB
"""Bytes of the messages in one append."""

MAX_FOLLOWS = 1_000
"""Calls of a process that wait for messages at a time; a connection carries 2,048 calls."""

MAX_SUBFEED_NAME_BYTES = 4096
"""Bytes of the name of a subfeed as JSON."""

MAX_MUTABLE_KEY_BYTES = 4096
"""Bytes of the key of a mutable as JSON."""

MAX_MUTABLE_VALUE_BYTES = MIB
"""Bytes of the value of a mutable as JSON."""
