"""The demonstration's work in Python."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "python"))

import bare_stub
import notebook
import originals
from serve import serve

if __name__ == "__main__":
    serve(
        (
            originals.read_recording,
            originals.make_array,
            originals.digest,
            originals.range_digests,
            originals.line_count,
            notebook.store_file,
            notebook.store_array,
            notebook.load_file,
            notebook.load_array,
            notebook.load_ranges,
            notebook.create_subfeed,
            notebook.append_lines,
            notebook.read_lines,
            bare_stub.read_over_grpc,
        )
    )
