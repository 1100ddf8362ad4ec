"""Half-open ranges of bytes, [start, end)."""

from __future__ import annotations

from typing import Optional

from ._errors import failure


def check_range(start: int, end: Optional[int]) -> None:
    """Checks what can be checked before the file's size is known. Raises ``invalid-range``."""
    if 0 <= start and (end is None or start <= end):
        return
    raise failure(
        "invalid-range",
        f"[{start}, {_shown(end)}) is not a byte range: 0 <= start <= end is needed.",
        {"start": str(start), "end": str("" if end is None else end)},
    )


def resolve_end(start: int, end: Optional[int], size: int) -> int:
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


def _shown(end: Optional[int]) -> str:
    return "end" if end is None else str(end)
