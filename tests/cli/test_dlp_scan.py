"""What detectors find in a file."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.cli import dlp_scan
from gatebook.cli.main import Problem
from gatebook.dlp.catalog import BUILT_IN

CARD = "4242 4242 4242 4242"
KEY = "AKIAQ3EGRIYMCQ7HBN5Z"
ALL = list(BUILT_IN.values())


def places(content: str, *, show_values: bool = False) -> list[tuple[str, str]]:
    """Return detector and place of all that is found."""
    return [(one.detector, one.place) for one in dlp_scan.scan(content.encode(), ALL, show_values=show_values)]


def test_in_json_the_place_is_a_pointer() -> None:
    """Also where a value is a number, a key or encoded; a key that holds a value is replaced, unless values are shown."""
    hidden = base64.b64encode(f"the card is {CARD}".encode()).decode()
    content = json.dumps({"a/b": [1, CARD], "n": 4242424242424242, "ann@corp.example": {"x": hidden}})
    assert places(content) == [
        ("pii/credit_card", "/a~1b/1"),
        ("pii/credit_card", "/n"),
        ("pii/email", "/[redacted:email]"),
        ("pii/credit_card", "/[redacted:email]/x"),
    ]
    assert places(content, show_values=True)[2:] == [("pii/email", "/ann@corp.example"), ("pii/credit_card", "/ann@corp.example/x")]
    last = dlp_scan.scan(content.encode(), ALL, show_values=False)[-1]
    assert (last.layers, last.in_key, last.value) == (("base64",), False, None)


def test_in_text_the_place_is_line_and_column() -> None:
    """From 1, also behind a mark at the beginning of the file."""
    assert places(f"Dear Ann,\n\n  pay with {CARD}\nand {KEY}, {KEY}") == [
        ("pii/credit_card", "3:12"),
        ("secret/aws_access_key_id", "4:5"),
        ("secret/aws_access_key_id", "4:27"),
    ]
    assert places(f"\ufeff{KEY}") == [("secret/aws_access_key_id", "1:1")]


def test_lines_of_json_are_each_a_document() -> None:
    """As `gatebook export` writes them: line, then pointer."""
    assert places(f'{{"a": 1}}\n\n{{"b": "{CARD}"}}\n') == [("pii/credit_card", "line 3 /b")]


def test_a_value_is_masked_unless_it_is_asked_for() -> None:
    """The last four characters stay; with show_values the value is there too."""
    (masked,) = dlp_scan.scan(f'"{CARD}"'.encode(), ALL, show_values=False)
    assert (masked.masked, masked.value, masked.severity) == ("************4242", None, "high")
    assert dlp_scan.scan(f'"{CARD}"'.encode(), ALL, show_values=True)[0].value == CARD


def test_a_file_that_cannot_be_scanned_to_its_end_is_an_error() -> None:
    """It is not told as if nothing were in it."""
    with pytest.raises(Problem, match="nests deeper"):
        places("[" * 500 + f'"{CARD}"' + "]" * 500)


def test_what_is_no_text_and_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the name of the file."""
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Problem, match=r"a\.bin is not UTF-8 text"):
        dlp_scan.read(str(tmp_path / "a.bin"))
    monkeypatch.setattr(dlp_scan, "BYTES_MAX", 1 << 20)
    (tmp_path / "b.txt").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(Problem, match=r"b\.txt is larger than 1 MiB"):
        dlp_scan.read(str(tmp_path / "b.txt"))
    with pytest.raises(FileNotFoundError):
        dlp_scan.read(str(tmp_path / "c.txt"))


@given(before=st.text(alphabet='ab \n\t"\\é😀', max_size=30))
def test_the_place_leads_to_the_value(before: str) -> None:
    """Whatever stands before it: line and column point at the first character of the value."""
    text = f"{before} {KEY} end"
    (found,) = dlp_scan.scan(text.encode(), [BUILT_IN["secret/aws_access_key_id"]], show_values=True)
    line, column = map(int, found.place.split(":"))
    assert text.split("\n")[line - 1][column - 1 :].startswith(KEY)
    assert found.value == KEY


@given(content=st.binary(max_size=60) | st.text(alphabet='{}[]",: \n1a', max_size=40).map(str.encode))
def test_no_content_breaks_it(content: bytes) -> None:
    """Any text is scanned; what cannot be is refused with a sentence."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return
    try:
        dlp_scan.scan(content, [BUILT_IN["pii/email"]], show_values=False)
    except Problem as problem:
        assert "a guardrail would block it" in str(problem)
