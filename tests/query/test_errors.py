"""The one error of the search language."""

from gatebook.query import QueryError


def test_the_sentence_names_place_expectation_and_nearest_name() -> None:
    """Characters are counted from 1 for people, from 0 for programs."""
    error = QueryError("there is no field “tol”", position=4, expected="the name of a field", nearest="tool")
    assert str(error) == "there is no field “tol” at character 5: expected the name of a field; did you mean tool?"
    assert error.position == 4
