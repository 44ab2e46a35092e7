"""The shape of access tokens."""

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.dlp.catalog import BUILT_IN
from gatebook.identity.tokens import PATTERN, PREFIXES, SCANNER_PATTERN, TokenKind, digest, is_well_formed, kind_of, make_token, shown_part
from gatebook.state.references import looks_secret

KINDS = st.sampled_from(sorted(PREFIXES))
RANDOM = st.binary(min_size=32, max_size=32)


@given(RANDOM, KINDS)
def test_a_token_is_prefix_random_and_check_sum(random: bytes, kind: TokenKind) -> None:
    """Every token is well formed, of its own kind by its prefix, and shows only its beginning."""
    token = make_token(random, kind)
    assert re.fullmatch(SCANNER_PATTERN, token) and is_well_formed(token) and kind_of(token) == kind
    assert shown_part(token) == token[: len(PREFIXES[kind]) + 4]


@given(RANDOM, KINDS, st.integers(0, 200), st.characters(codec="ascii"))
def test_one_wrong_character_is_noticed(random: bytes, kind: TokenKind, place: int, character: str) -> None:
    """A slip of the pen, or of a scanner, is told from a real token: CRC-32 finds every burst of up to 32 bits."""
    token = make_token(random, kind)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    assert is_well_formed(changed) == (changed == token)


@given(st.text(max_size=60) | st.from_regex(PATTERN, fullmatch=True))
def test_any_text_can_be_asked(text: str) -> None:
    """No text makes the check fail, and what is well formed has a kind."""
    assert not is_well_formed(text) or kind_of(text) is not None
    assert digest(text) if text.isascii() else True


@given(RANDOM, st.text(alphabet="abc ./=\"'", max_size=5), st.text(alphabet=" ./=\"'", max_size=3))
def test_scanners_find_a_token_in_any_text(random: bytes, before: str, after: str) -> None:
    """The published pattern finds the token, whole, where it stands as a word."""
    token = make_token(random, "service")
    text = f"{before} {token}{after}"
    assert re.findall(SCANNER_PATTERN, text) == [token]


@pytest.mark.parametrize("kind", sorted(PREFIXES))
def test_everything_that_looks_for_secrets_knows_every_kind(kind: TokenKind) -> None:
    """Our own detector finds each kind of token, and a connector does not take one as a plain value."""
    token = make_token(secrets.token_bytes(32), kind)
    detector = BUILT_IN["secret/gatebook_token"]
    assert re.search(detector.pattern, token) and re.search(detector.probe, token)
    assert looks_secret("X-Anything", token)


@given(st.binary(max_size=64).filter(lambda random: len(random) != 32))
def test_less_randomness_makes_no_token(random: bytes) -> None:
    """A token is made of exactly 256 bits."""
    with pytest.raises(ValueError, match="32"):
        make_token(random)
