"""The benchmarks' work in Python."""

import feed_work
import kachery_work
import limits
import stream_work
from serve import serve

if __name__ == "__main__":
    serve(
        (
            limits.sha1_pass,
            limits.copy_with_fsync,
            limits.pread_ranges,
            kachery_work.store_file,
            kachery_work.store_again,
            kachery_work.load_ranges,
            stream_work.read_stream,
            stream_work.bare_calls,
            feed_work.append_one_by_one,
            feed_work.append_batches,
            feed_work.read_messages,
        )
    )
