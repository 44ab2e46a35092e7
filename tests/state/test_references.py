"""Secrets by reference."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.state.references import SecretUnavailable, is_reference, looks_secret, resolve, without_password


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


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        ("env:STATE_URL", "env:STATE_URL"),
        ("postgresql://db.example/gatebook", "postgresql://db.example/gatebook"),
        ("postgres://ann@db.example:5433/gatebook", "postgres://ann@db.example:5433/gatebook"),
        ("postgresql://ann:s3cret@db1,db2:5433/gatebook?sslmode=require", "postgresql://ann:***@db1,db2:5433/gatebook?sslmode=require"),
        ("postgresql://ann:s3cret@[::1]:5433/gatebook", "postgresql://ann:***@[::1]:5433/gatebook"),
        ("postgresql://ann@/gatebook?host=%2Frun&password=s3cret", "postgresql://ann@/gatebook?host=%2Frun&***"),
        ("postgresql://ann:s3/cret@db.example/gatebook", "postgresql://***"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    """With what helps to find a mistake, and nothing else."""
    assert without_password(address) == shown


@given(st.text("ab1/@:?#&=%[], ", max_size=8), st.text("ab1/@:?#&=%[], ", max_size=8), st.booleans())
def test_a_password_is_never_shown_however_it_is_written(before: str, after: str, asked: bool) -> None:
    """Also where somebody forgot to encode it, so that it looks like another part of the address."""
    secret = f"{before}S3CRET{after}"
    address = f"postgresql://ann@db/gatebook?password={secret}" if asked else f"postgresql://ann:{secret}@db.example/gatebook"
    assert "S3CRET" not in without_password(address)
