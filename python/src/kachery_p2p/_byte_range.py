"""Half-open ranges of bytes, [start, end)."""

from __future__ import annotations

from ._errors import failure
from ._limits import MAX_OFFSET


def check_range(start: int, end: int | None) -> None:
    """Checks what can be checked before the file's size is known. Raises ``invalid-range``."""
    if 0 <= start <= (start if end is None else end) <= MAX_OFFSET:
        return
    raise failure(
        "invalid-range",
        f"[{start}, {_shown(end)}) is not a byte range: 0 <= start <= end <= {MAX_OFFSET} "
        "is needed.",
        {"start": str(start), "end": str("" if end is None else end)},
    )


def resolve_end(start: int, end: int | None, size: int) -> int:
    """The end of a range of a file of this size. Raises ``range-beyond-end``."""
    resolved = size if end is None else end
    if max(start, resolved) <= size:
        return resolved
    raise failure(
        "range-beyond-end",
        f"The range [{start}, {_shown(end)}) reaches beyond the end of the file, which has "
        f"{size} bytes.",
        {"start": str(start), "end": str("" if end is None else end), "size": str(size)},
    )


def _shown(end: int | None) -> str:
    return "end" if end is None else str(end)
