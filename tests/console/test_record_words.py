"""One sentence for each record, of its own values."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gatebook.console.record_words import words
from gatebook.record.codec import encode_core
from tests.record.cast import any_body

NAMES = {"a1": "Ana Silva", "b2": "Bob Lee"}
ACTOR = {"subject": "b2", "kind": "person", "auth": "session"}
SOURCE = {"ip": "198.51.100.7"}
# Calls are told on their own pages.
OF_CALLS = {"call.started", "call.refused", "call.finished", "call.outcome_unknown", "message.relayed"}
_ENDED = {"owner": "a1", "client": "app", "action": "revoked"}
_CUT = {"subject": "a1", "cause": "deleted", "cut_off": "cut_1", "tokens": 1, "sessions": 2, "grants": 0}
_DONE = {
    "subject": "a1",
    "cut_off": "cut_1",
    "signal": 1_000,
    "workers": 2,
    "streams": 1,
    "calls": 0,
    "upstream_revoked": 3,
    "upstream_failed": 1,
}


@pytest.mark.parametrize(
    ("kind", "core", "said"),
    [
        ("auth.signed_in", {"source": SOURCE, "provider": "okta"}, "Signed in to the console with okta from 198.51.100.7"),
        (
            "auth.signed_in",
            {"source": SOURCE, "break_glass": True, "reason": "okta is down"},
            "Signed in to the console by a link past the identity provider from 198.51.100.7: okta is down",
        ),
        (
            "auth.sign_in_failed",
            {"source": SOURCE, "provider": "okta", "reason": "state", "detail": "begin again"},
            "Not signed in at okta (state), from 198.51.100.7: begin again",
        ),
        (
            "auth.signed_out",
            {"owner": "a1", "sessions": 1, "cause": "back_channel_logout"},
            "Ended 1 session of Ana Silva: the identity provider signed them out",
        ),
        ("auth.failed", {"endpoint": "/mcp", "reason": "expired", "source": SOURCE}, "Refused at /mcp: token expired, from 198.51.100.7"),
        (
            "auth.failed",
            {"endpoint": "/sign-in/x", "reason": "used", "source": SOURCE},
            "Refused at /sign-in/x: sign-in link used, from 198.51.100.7",
        ),
        ("grant.changed", {**_ENDED, "by": "person"}, "What Ana Silva let the AI client app do was ended by the person"),
        (
            "grant.changed",
            {**_ENDED, "action": "reused"},
            "A used code or refresh token of Ana Silva came again from the AI client app: all that it had has ended",
        ),
        (
            "access.cut_off",
            {**_CUT, "deactivated": True, "services": ["nightly"]},
            "Cut off Ana Silva, deleted in the directory: 1 token, 2 sessions, 0 grants; suspended nightly (cut_1)",
        ),
        (
            "access.cut_off",
            {**_CUT, "deactivated": False},
            "Cut off Ana Silva, deleted in the directory: 1 token, 2 sessions, 0 grants; may sign in again (cut_1)",
        ),
        (
            "access.cut_off_done",
            {**_DONE, "in_force": 43_000, "lost": 1},
            "Cut-off of Ana Silva complete: in force within 42 ms on 2 workers, 1 without an answer; 1 stream and 0 calls ended; "
            "3 credentials revoked, 1 failed (cut_1)",
        ),
        (
            "credential.changed",
            {"credential": "crd_1", "owner": "a1", "connector": "crm", "action": "needs_reconnect", "detail": "invalid_grant"},
            "Credential crd_1 of Ana Silva for connector crm needs reconnect: invalid_grant",
        ),
        ("credential.changed", {"owner": "connector", "action": "rotated"}, "Credentials rotated"),
        (
            "directory.request",
            {"method": "PATCH", "path": "/Users/1", "status": 412, "error": "version", "source": SOURCE},
            "The directory asked PATCH /Users/1 from 198.51.100.7: 412, version",
        ),
        (
            "access.self_granted",
            {"subject": "b2", "actor": ACTOR, "groups": ["security"], "roles": ["security_analyst"]},
            "Gave themselves a role that shows more of the log: security, by security_analyst",
        ),
        (
            "log.read",
            {"action": "search", "rows": 1, "payloads": True, "query": "", "reason": "case 9"},
            "Search, 1 row, with payloads: everything (reason: case 9)",
        ),
        ("clock.stepped", {"step_us": -1_500_000}, "The wall clock jumped by -1.500 s"),
    ],
)
def test_a_record_is_told_in_a_sentence(kind: str, core: Mapping[str, Any], said: str) -> None:
    """Who by name, what, from where and why, as far as the record has it."""
    assert words(kind, core, NAMES) == said


def test_people_without_a_name_are_told_by_their_subject() -> None:
    """Shortened; whoever proposed their own change is not named twice."""
    core = {"owner": "0123456789abcdef", "sessions": 2, "cause": "own"}
    assert words("auth.signed_out", core, {}) == "Ended 2 sessions of 01234567: signed out"
    changed = {"kind": "Person", "name": "a", "action": "changed", "version": 1, "revision": 2, "actor": ACTOR, "proposer": ACTOR}
    assert words("config.changed", changed, NAMES) == "Person a changed (version 1, revision 2)"


def test_a_type_without_words_has_none() -> None:
    """A record of a later version is listed all the same."""
    assert words("later.type", {}, {}) == ""


@given(any_body())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
def test_every_record_but_those_of_calls_has_words(body: object) -> None:
    """Whichever optional fields are there."""
    kind = str(type(body).__struct_config__.tag)
    core = json.loads(encode_core(body, id="x", stream="n-k", seq=1, prev="0" * 64, time_us=1))  # type: ignore[arg-type]
    assert bool(words(kind, core, {})) == (kind not in OF_CALLS)
