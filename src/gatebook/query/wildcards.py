"""Texts in which every `*` stands for any characters."""


def like(value: str, pattern: str) -> bool:
    """Say whether a value is what a pattern describes, from its first character to its last.

    From left to right, each piece where it first stands: enough for `*`, and no pattern makes it slow.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return value == first
    last = rest.pop()
    if not value.startswith(first) or len(value) < len(first) + len(last) or not value.endswith(last):
        return False
    start, end = len(first), len(value) - len(last)
    for piece in rest:
        found = value.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True
