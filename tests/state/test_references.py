"""Secrets by reference."""

from pathlib import Path

import pytest

from gatebook.state.references import SecretUnavailable, is_reference, looks_secret, resolve


def test_references_lead_to_environment_and_files(tmp_path: Path) -> None:
    """Both kinds are resolved, a scheme in front is kept, a final line break of a file is not."""
    path = tmp_path / "token"
    path.write_text("from-file\n")
    environ = {"CRM": "from-environment"}
    assert resolve("env:CRM", environ) == "from-environment"
    assert resolve("Bearer env:CRM", environ) == "Bearer from-environment"
    assert resolve(f"file:{path}", {}) == "from-file"
    assert resolve("plain text", {}) == "plain text"


def test_a_reference_that_leads_nowhere_is_named_and_nothing_else(tmp_path: Path) -> None:
    """Unset, empty, unreadable and unsendable secrets are refused; the text holds the reference only."""
    path = tmp_path / "two-lines"
    path.write_text("first-secret\nsecond-secret")
    for reference, environ in (("env:X", {}), ("env:X", {"X": ""}), (f"file:{tmp_path}/absent", {}), (f"file:{path}", {})):
        with pytest.raises(SecretUnavailable) as caught:
            resolve(reference, environ)
        assert reference in str(caught.value)
        assert "secret" not in str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("name", "value"),
    [("Authorization", "x"), ("X-Api-Key", "x"), ("DB_PASSWORD", "x"), ("X-Note", "Bearer abc"), ("X-Note", "sk-123"), ("COOKIE", "a=b")],
)
def test_plain_secrets_are_recognised(name: str, value: str) -> None:
    """By the name of the header or variable, or by the shape of the value."""
    assert looks_secret(name, value)
    assert not looks_secret(name, "env:SOMEWHERE")


def test_plain_values_that_are_not_secret_are_left_alone() -> None:
    """Names that only look similar do not stop anybody."""
    assert not looks_secret("GIT_AUTHOR_NAME", "Ana")
    assert not looks_secret("X-Region", "eu-1")
    assert not is_reference("environment:x")
