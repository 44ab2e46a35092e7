"""Context of a candidate."""

import pytest

from gatebook.dlp.around import Around, Purse, plain_words, words_pattern, words_probe
from gatebook.dlp.hit import Exhausted
from gatebook.dlp.prefilter import Prefilter

WORDS = ("ssn", "social security", "steuer*")


@pytest.mark.parametrize(
    "text",
    [
        "ssn",
        "patientSsn",
        "SSN:",
        "user_ssn_1",
        "SSNs",
        "socialSecurityNumber",
        "SOCIAL-SECURITY",
        "Steueridentifikationsnummer",
        "a\\nssn 1",
    ],
)
def test_a_word_is_seen_in_every_usual_writing(text: str) -> None:
    """Pattern and probe agree on camelCase, underscores, plurals and prefixes."""
    if "\\n" not in text:
        assert words_pattern(WORDS).search(plain_words(text))
    assert Prefilter({"words": words_probe(WORDS)}).alive(text.encode())


@pytest.mark.parametrize("text", ["lesson", "assn", "ssnake", "antisocial insecurity"])
def test_a_word_is_not_seen_inside_another(text: str) -> None:
    """Short words are found alone only."""
    assert not words_pattern(WORDS).search(plain_words(text))


def test_the_heading_of_a_column_is_context() -> None:
    """In a table the first line names the columns."""
    table = "name,ssn\nann,1\nbob,2\n"
    place = table.index("2")
    assert Around(table, place, place + 1, "", Purse(9, 9)).near(("ssn",))
    assert not Around(table, table.index("bob"), table.index("bob") + 3, "", Purse(9, 9)).heading() == "ssn"


def test_what_redaction_wrote_is_no_context() -> None:
    """The name of a detector in its trace says nothing about the number beside it; the word itself does."""
    for text, is_near in (
        ("[redacted:us_ssn] 5", False),
        ("[us_ssn:3f9a2c1b7d04] 5", False),
        ("[ssn] 5", True),
        ("5 [redacted:us_ssn]", False),
    ):
        place = text.rindex("5") if text[-1] == "5" else 0
        assert Around(text, place, place + 1, "", Purse(9, 9)).near(("ssn",)) is is_near


def test_the_purse_ends() -> None:
    """Candidates beyond the limit are an error; expensive checks are only refused."""
    purse = Purse(2, 1)
    purse.candidate()
    purse.candidate()
    with pytest.raises(Exhausted):
        purse.candidate()
    assert purse.costly() and not purse.costly()
