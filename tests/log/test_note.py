"""Signed notes against the reference vector of Go's note package, and strict parsing."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatebook.log.note import Checkpoint, Head, NoteError, key_of, open_checkpoint, open_note, parse_checkpoint, parse_key, sign_note

# golang.org/x/mod/sumdb/note: key pair, text and signature that its documentation publishes.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NOTE = f"{TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
CHECKPOINT = Checkpoint(
    origin="gatebook/acme/n/1", size=7, root=b"\x01" * 32, time="2026-11-01T10:00:00.000Z", heads=(Head("n-k", 7, b"\x02" * 32),)
)


def test_the_note_that_go_publishes_opens() -> None:
    """A note of another implementation verifies with its verifier key, which reads and writes unchanged."""
    key = parse_key(VKEY)
    assert str(key) == VKEY
    assert open_note(NOTE, key) == TEXT


def test_our_signature_is_the_one_that_go_publishes() -> None:
    """Ed25519 is deterministic: with the published private key we make the published note, byte for byte."""
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SKEY)[1:])
    assert str(key_of("PeterNeumann", private)) == VKEY
    assert sign_note(TEXT, "PeterNeumann", private) == NOTE


def test_a_changed_note_is_refused() -> None:
    """A change of any character of the text, and a signature of another key, are errors."""
    key = parse_key(VKEY)
    for changed in (
        NOTE.replace("answer", "Answer"),
        NOTE.replace("PeterNeumann x", "PeterNeumanX x"),
        NOTE.replace("x08go/ZJ", "x08go/ZK"),
    ):
        with pytest.raises(NoteError):
            open_note(changed, key)


def test_cosignatures_are_passed_over() -> None:
    """Signature lines of other keys do not hinder, as the format demands."""
    other = sign_note(TEXT, "witness.example", KEY).rpartition("\n\n")[2]
    assert open_note(NOTE + other, parse_key(VKEY)) == TEXT


def test_checkpoint_round_trip() -> None:
    """A checkpoint reads back from its note as it was signed."""
    note = sign_note(CHECKPOINT.text(), CHECKPOINT.origin, KEY)
    assert open_checkpoint(note, key_of(CHECKPOINT.origin, KEY)) == CHECKPOINT


def test_unknown_extension_lines_are_passed_over() -> None:
    """A later version may add lines."""
    assert parse_checkpoint(CHECKPOINT.text() + "future thing\n") == CHECKPOINT


def test_origin_and_key_name_must_agree() -> None:
    """A key that signs for one log cannot vouch for another."""
    note = sign_note(CHECKPOINT.text(), "gatebook/other/n/1", KEY)
    with pytest.raises(NoteError, match="the key of gatebook/other"):
        open_checkpoint(note, key_of("gatebook/other/n/1", KEY))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n-1\nAAAA\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
        CHECKPOINT.text()[:-1],
        CHECKPOINT.text().replace("stream n-k", "stream N"),
    ],
)
def test_malformed_checkpoints(text: str) -> None:
    """What is not exactly a checkpoint is an error."""
    with pytest.raises(NoteError):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "text", ["", "a+b", "x+00000000+AAAA", VKEY.replace("c74f20a3", "c74f20a4"), VKEY.replace("+ARpc", "+AhpC"), VKEY[:-4]]
)
def test_malformed_keys(text: str) -> None:
    """What is not exactly a verifier key, or has the wrong hash, is an error."""
    with pytest.raises(NoteError):
        parse_key(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        NOTE[:-1],
        NOTE.replace("— ", "- "),
        NOTE + "rubbish\n",
        NOTE.replace("you", "y\x00u"),
        NOTE.replace("x08go", "x08g!"),
    ],
)
def test_malformed_notes(note: str) -> None:
    """What is not exactly a signed note is an error."""
    with pytest.raises(NoteError):
        open_note(note, parse_key(VKEY))


def test_names_and_texts_that_cannot_be_signed() -> None:
    """A name with a space or plus, or a text without its last line feed, would make a note that nobody can read."""
    for text, name in ((TEXT, "a b"), (TEXT, "a+b"), (TEXT, ""), ("text", "a"), ("a\n\nb\n", "a")):
        with pytest.raises(NoteError):
            sign_note(text, name, KEY)
