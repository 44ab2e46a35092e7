"""The words that changed, and no others."""

from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.characters import hidden
from gatebook.definitions.wording import RUN_CHARACTERS_MAX, RUNS_MAX, runs

texts = st.text(alphabet="ab .,\n", max_size=40)


def test_a_replaced_word_is_one_run_out_and_one_in() -> None:
    """What stands around it is the same."""
    found = [(run.kind, run.text) for run in runs("Sends mail to colleagues.", "Sends mail to strangers.")]
    assert found == [("same", "Sends mail to "), ("gone", "colleagues"), ("new", "strangers"), ("same", ".")]


@given(texts, texts)
def test_runs_give_both_texts_back(before: str, after: str) -> None:
    """Without what is new they are the older text, without what is gone the newer."""
    found = runs(before, after)
    assert "".join(run.text for run in found if run.kind != "new") == before
    assert "".join(run.text for run in found if run.kind != "gone") == after


@given(st.text(), st.text())
def test_runs_hide_nothing(before: str, after: str) -> None:
    """Hidden characters are written out."""
    assert not any(hidden(run.text) for run in runs(before, after))


def test_runs_are_bounded() -> None:
    """Huge texts and many small changes give short lists of short runs."""
    long = runs("a " * 100_000, "b " * 100_000)
    assert [run.kind for run in long] == ["gone", "new"] and max(len(run.text) for run in long) <= RUN_CHARACTERS_MAX
    many = runs(" ".join(str(n) for n in range(400)), " ".join(str(n) if n % 2 else f"x{n}" for n in range(400)))
    assert len(many) == RUNS_MAX
