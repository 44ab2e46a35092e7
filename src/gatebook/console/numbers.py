"""Numbers as people read them."""


def size(count: int) -> str:
    """A number of bytes in a unit that fits."""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
