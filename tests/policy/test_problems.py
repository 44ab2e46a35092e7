"""What is wrong, said in one line."""

from gatebook.policy.problems import BundleError, Problem, nearest


def test_a_problem_names_rule_path_place_and_the_nearest_name() -> None:
    """All that is needed to find and mend it."""
    problem = Problem(rule="r", path="when", text="no selected tool has the argument 'limt'", line=1, column=6, nearest="limit")
    assert str(problem) == "r: when, line 1, column 6: no selected tool has the argument 'limt'; did you mean 'limit'?"


def test_an_error_holds_all_problems() -> None:
    """Each of them, and one text of all."""
    error = BundleError([Problem(rule="a", path="id", text="is empty"), Problem(rule="b", path="redact", text="is empty")])
    assert str(error) == "a: id: is empty; b: redact: is empty" and len(error.problems) == 2


def test_the_nearest_name_is_near_or_none() -> None:
    """A name that has nothing in common is no help."""
    assert nearest("saels", ["sales", "hr"]) == "sales"
    assert nearest("zzz", ["sales", "hr"]) is None
