"""The catalogue is data that cannot contradict itself."""

from gatebook.definitions.known_tools import PATTERNS, VERBS
from gatebook.definitions.labels import bits
from gatebook.definitions.lookalikes import words


def test_every_label_and_word_can_be_matched() -> None:
    """Labels exist, verbs are among those that are looked for, families are single words in lower case."""
    for pattern in PATTERNS:
        assert bits(pattern.labels) >= 0 and pattern.verbs <= VERBS and pattern.families
        assert all(words(family) == (family,) or family in {"k8s", "context7"} for family in pattern.families)


def test_every_family_has_labels_for_all_its_tools() -> None:
    """A tool with a verb that nobody thought of has those of reading."""
    families = {family for pattern in PATTERNS for family in pattern.families}
    assert families == {family for pattern in PATTERNS if not pattern.verbs for family in pattern.families}


def test_no_pattern_is_hidden_by_one_before_it() -> None:
    """Each decides for at least one of its families and verbs."""
    for place, pattern in enumerate(PATTERNS):
        wanted = {(family, verb) for family in pattern.families for verb in (pattern.verbs or VERBS | {""})}
        taken = {(family, verb) for each in PATTERNS[:place] for family in each.families for verb in (each.verbs or VERBS | {""})}
        assert wanted - taken, pattern
