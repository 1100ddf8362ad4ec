"""Files, for asyncio."""

from __future__ import annotations

import kachery_p2p as kp

from ._threads import asynchronous, asynchronous_iterator

find_file = asynchronous_iterator(kp.find_file)
get_file_info = asynchronous(kp.get_file_info)
get_node_id = asynchronous(kp.get_node_id)
link_file = asynchronous(kp.link_file)
load_bytes = asynchronous(kp.load_bytes)
load_bytes_batch = asynchronous_iterator(kp.load_bytes_batch)
load_file = asynchronous(kp.load_file)
load_json = asynchronous(kp.load_json)
load_npy = asynchronous(kp.load_npy)
load_object = asynchronous(kp.load_object)
load_pkl = asynchronous(kp.load_pkl)
load_text = asynchronous(kp.load_text)
read_file = asynchronous_iterator(kp.read_file)
store_bytes = asynchronous(kp.store_bytes)
store_bytes_batch = asynchronous(kp.store_bytes_batch)
store_file = asynchronous(kp.store_file)
store_files = asynchronous(kp.store_files)
store_json = asynchronous(kp.store_json)
store_npy = asynchronous(kp.store_npy)
store_object = asynchronous(kp.store_object)
store_pkl = asynchronous(kp.store_pkl)
store_text = asynchronous(kp.store_text)
