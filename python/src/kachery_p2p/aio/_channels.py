"""Channels, for asyncio."""

from __future__ import annotations

import kachery_p2p as kp

from ._threads import asynchronous

get_channels = asynchronous(kp.get_channels)
get_peers = asynchronous(kp.get_peers)
join_channel = asynchronous(kp.join_channel)
leave_channel = asynchronous(kp.leave_channel)
