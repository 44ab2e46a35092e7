"""How the index stands, in words."""

from datetime import UTC, datetime

import pytest

from gatebook.reading.health import Health

_NOW_US = round(datetime(2026, 11, 23, 14, 0, tzinfo=UTC).timestamp() * 1e6)


def stands(behind_s: float = 0.0, rebuilt: float | None = None, since_us: int | None = None, begun: bool = True) -> str:
    return Health(
        now_us=_NOW_US,
        positions={"n1-w0": 7} if begun else {},
        behind_bytes=0,
        behind_s=behind_s,
        open_calls=0,
        errors={},
        sealed=None,
        verified=None,
        rebuilt=rebuilt,
        searchable_since_us=since_us,
    ).index_state


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "up to date"),
        ({"begun": False}, "being opened"),
        ({"behind_s": 12.4}, "12 s behind"),
        ({"rebuilt": 0.0}, "rebuilding, 0 % done"),
        ({"rebuilt": 0.437, "since_us": _NOW_US - 3_300_000_000}, "rebuilding, 43 % done; complete since 13:05 UTC"),
        ({"rebuilt": 0.9999, "since_us": _NOW_US - 86_400_000_000}, "rebuilding, 99 % done; complete since 22 Nov 2026, 14:00 UTC"),
    ],
)
def test_how_far_the_index_is(more: dict[str, float], words: str) -> None:
    """As the footer says it."""
    assert stands(**more) == words  # type: ignore[arg-type]
