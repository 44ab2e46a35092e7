"""Who is behind an Authorization header."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.directory import Directory, Principal, Refusal
from gatebook.identity.tokens import digest, make_token
from gatebook.state.snapshot import Person, Snapshot, Token

NOW = 1_000_000
SECRETS = {name: make_token(bytes([number]) * 32) for number, name in enumerate(["valid", "expired", "revoked", "leaver", "unknown"])}
ANA = Person(id="ana@corp.example", email="ana@corp.example", name="Ana", groups=("sales",))
LEAVER = Person(id="leo@corp.example", active=False)


def token(name: str, person: str, expires_us: int | None = None, revoked_us: int | None = None) -> Token:
    """One stored token."""
    sha256 = digest(SECRETS[name])
    return Token(
        id=f"tok_{name}", sha256=sha256, prefix="gw", person=person, name="", created_us=1, expires_us=expires_us, revoked_us=revoked_us
    )


STORED = [
    token("valid", ANA.id, expires_us=NOW + 1),
    token("expired", ANA.id, expires_us=NOW),
    token("revoked", ANA.id, revoked_us=5),
    token("leaver", LEAVER.id),
]
SNAPSHOT = Snapshot(
    revision=1,
    config_hash="0" * 64,
    connectors={},
    people={person.id: person for person in (ANA, LEAVER)},
    tokens={stored.sha256: stored for stored in STORED},
)
DIRECTORY = Directory(SNAPSHOT, lambda id: f"subject-of-{id}")


def test_a_valid_token_leads_to_its_owner() -> None:
    """All that records and policy need of the person is there; the scheme is read in any case."""
    principal = DIRECTORY.authenticate(f"bEARER {SECRETS['valid']}", NOW)
    assert isinstance(principal, Principal)
    assert (principal.person, principal.email, principal.groups) == (ANA.id, ANA.email, ("sales",))
    assert (principal.actor.subject, principal.actor.token, principal.actor.auth) == ("subject-of-ana@corp.example", "tok_valid", "token")
    assert json.loads(principal.identity) == {"id": ANA.id, "email": ANA.email, "name": "Ana", "groups": ["sales"]}


@pytest.mark.parametrize(
    ("header", "reason", "subject"),
    [
        (None, "missing", "-"),
        ("", "missing", "-"),
        ("Bearer", "malformed", "-"),
        ("Bearer ", "malformed", "-"),
        (f"Basic {SECRETS['valid']}", "malformed", "-"),
        ("Bearer not-a-token", "malformed", "-"),
        (f"Bearer {SECRETS['valid']} x", "malformed", "-"),
        ("Bearer " + "x" * 100_000, "malformed", "-"),
        (f"Bearer {SECRETS['unknown']}", "unknown", "-"),
        (f"Bearer {SECRETS['expired']}", "expired", "subject-of-ana@corp.example"),
        (f"Bearer {SECRETS['revoked']}", "revoked", "subject-of-ana@corp.example"),
        (f"Bearer {SECRETS['leaver']}", "inactive", "subject-of-leo@corp.example"),
    ],
)
def test_every_other_header_is_refused_with_its_reason(header: str | None, reason: str, subject: str) -> None:
    """The owner of a known token is named, so that the record says whose it was."""
    refusal = DIRECTORY.authenticate(header, NOW)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.actor.subject) == (reason, subject)


@given(header=st.text(max_size=80) | st.text(max_size=60).map("Bearer ".__add__))
def test_no_header_lets_anybody_in_by_chance(header: str) -> None:
    """Any text is refused, also one with lone surrogates."""
    assert isinstance(DIRECTORY.authenticate(header, NOW), Refusal)


def test_with_auth_off_everybody_is_the_local_user() -> None:
    """The record says that nobody was asked."""
    principal = Directory(SNAPSHOT, str.upper, auth="off").authenticate(None, NOW)
    assert isinstance(principal, Principal)
    assert (principal.person, principal.auth, principal.groups) == ("local", "profile", ())


def test_who_was_identified_before_is_asked_again_after_a_change() -> None:
    """A revoked token, a leaver and a token that is gone are no longer good; another change does not matter."""
    principal = DIRECTORY.authenticate(f"Bearer {SECRETS['valid']}", NOW)
    assert isinstance(principal, Principal)
    assert DIRECTORY.still(principal)
    revoked = token("valid", ANA.id, revoked_us=NOW)
    leaver = Person(id=ANA.id, active=False)
    for tokens, people in (({revoked.sha256: revoked}, SNAPSHOT.people), (SNAPSHOT.tokens, {ANA.id: leaver}), ({}, SNAPSHOT.people)):
        after = Snapshot(revision=2, config_hash="0" * 64, connectors={}, people=people, tokens=tokens)
        assert not Directory(after, str).still(principal)
