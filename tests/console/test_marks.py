"""What is marked in payloads."""

from gatebook.console.jsontree import pretty
from gatebook.console.marks import marks
from gatebook.record.parts import Finding


def made(pointer: str, **more: str) -> Finding:
    """A finding in a response."""
    base = {"detector": "financial/iban", "type": "iban", "severity": "high", "part": "response", "action": "redacted"}
    return Finding(pointer=pointer, **{**base, **more})  # type: ignore[arg-type]


def test_a_value_that_a_finding_points_at_is_marked() -> None:
    """By its JSON pointer, through lists and names with slashes; with type, severity, action and rule."""
    data = b'{"a/b": [{"x": 1}, {"x": "DE00", "y": "DE00"}]}'
    html, _ = pretty(data, marks([made("/a~1b/1/x")], "response", "no-iban"))
    assert html.count("<mark") == 1
    assert 'title="iban (high), redacted by rule no-iban"><span class="s">' in html
    assert html.index("<mark") > html.index("&#34;x&#34;", html.index("1</span>"))


def test_placeholders_are_marked_wherever_they_stand() -> None:
    """In the middle of a text, in what is no JSON, several in one; what only looks like one is not."""
    found = marks([], "response", "no-iban")
    html, _ = pretty(b'{"t": "pay [redacted:iban] or [masked:credit_card 1234], not [redacted] or [redacted:<b>]"}', found)
    assert html.count('<mark class="gone"') == 2 and 'title="credit card, masked by rule no-iban"' in html
    assert "<b>" not in html
    plain, _ = pretty(b"IBAN [hashed:iban 9f3a]", found)
    assert 'title="iban, hashed by rule no-iban"' in plain


def test_findings_of_the_other_part_mark_nothing() -> None:
    """A pointer into the arguments is not one into the response."""
    html, _ = pretty(b'{"x": "v"}', marks([made("/x", part="arguments")], "response", ""))
    assert "<mark" not in html
    html, _ = pretty(b'{"x": "v"}', marks([made("/x", action="logged")], "response", "some-rule"))
    assert 'title="iban (high), found"' in html
