"""Words whose form depends on numbers."""


def counted(count: int, noun: str) -> str:
    """`1 picture`, `3 pictures`, `1,200 pictures`: a number and what it counts, whose plural ends in s."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
