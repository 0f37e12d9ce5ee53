"""Words in a limited number of columns: what is left out is the middle."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

#: Of the room, the part for the end: `\\n`, a closing bracket, or that there is none.
_END = 3


def cut_to_cells(words: str, room: int, *, more: str = "…") -> str:
    """``words`` in at most ``room`` columns; wide characters take two."""
    if cell_len(words) <= room:
        return words
    left = max(0, room - len(more))
    end = words
    while end and cell_len(end) > left // _END:
        end = end[1:]
    return set_cell_size(words, left - cell_len(end)).rstrip() + more + end


def wrapped(words: str, room: int, *, most: int, more: str = "…") -> list[str]:
    """``words`` in at most ``most`` lines of ``room`` columns, broken at spaces where there are any."""
    lines = [""]
    for word in words.split(" "):
        if cell_len(lines[-1]) + 1 + cell_len(word) <= room and lines[-1]:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, room) or [""]
    lines = lines[1:] if len(lines) > 1 and not lines[0] else lines
    return (
        lines
        if len(lines) <= most
        else [*lines[: most - 1], cut_to_cells(" ".join(lines[most - 1 :]), room, more=more)]
    )
