"""Reasons that people gave."""

import pytest

from gatebook.reading import reasons
from gatebook.reading.reasons import Reasons


def test_a_reason_holds_for_an_hour_after_its_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, cut to a length; an empty one ends it."""
    now = [100.0]
    monkeypatch.setattr(reasons.time, "monotonic", lambda: now[0])
    kept = Reasons()
    assert kept.of("ann") == "" and kept.give("ann", "  case\n 7 ") == "case 7"
    assert len(kept.give("bob", "x" * 1000)) == 300
    now[0] += 3000
    assert kept.of("ann") == "case 7"
    now[0] += 3000
    assert kept.of("ann") == "case 7" and kept.of("bob") == ""
    now[0] += 3601
    assert kept.of("ann") == ""
    kept.give("ann", "again")
    assert kept.give("ann", " ") == "" and kept.of("ann") == ""


def test_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes."""
    monkeypatch.setattr(reasons, "KEPT_MAX", 2)
    kept = Reasons()
    for name in ("a", "b", "c"):
        kept.give(name, "why")
    assert [kept.of(name) for name in ("a", "b", "c")] == ["", "why", "why"]
