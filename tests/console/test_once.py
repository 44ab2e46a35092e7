"""What is shown once is shown once."""

from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import once
from gatebook.console.once import Once


def test_a_value_is_taken_once_by_its_person() -> None:
    """Somebody else gets nothing, and does not use it up."""
    kept: Once[str] = Once()
    key = kept.put("ana", "secret")
    assert kept.take("bob", key) is None
    assert kept.take("ana", key) == "secret"
    assert kept.take("ana", key) is None


def test_what_nobody_fetched_is_forgotten() -> None:
    """After a minute it is gone, and no more than a hundred are ever kept: the oldest goes first."""
    kept: Once[int] = Once()
    keys = [kept.put("ana", number) for number in range(150)]
    assert [kept.take("ana", key) for key in keys[:50]] == [None] * 50
    assert kept.take("ana", keys[-1]) == 149
    kept._kept = {key: (person, at - once._KEPT_S - 1, value) for key, (person, at, value) in kept._kept.items()}
    assert kept.take("ana", keys[-2]) is None


@given(st.text(max_size=40))
def test_no_key_is_guessed(key: str) -> None:
    """A made-up key gets nothing."""
    kept: Once[str] = Once()
    kept.put("ana", "secret")
    assert kept.take("ana", key) is None
