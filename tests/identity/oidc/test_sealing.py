"""What travels through a browser, sealed."""

from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oidc.sealing import seal, unseal

KEY = bytes(range(32))


@given(st.binary(max_size=100), st.text(max_size=50))
def test_what_was_sealed_opens_as_it_was_sealed_and_no_other_way(content: bytes, context: str) -> None:
    """Another key, purpose or context opens nothing."""
    sealed = seal(KEY, "a", content, context)
    assert unseal(KEY, "a", sealed, context) == content
    assert unseal(KEY, "b", sealed, context) is unseal(bytes(32), "a", sealed, context) is unseal(KEY, "a", sealed, context + "x") is None


@given(st.text(max_size=200))
def test_any_text_is_nothing(text: str) -> None:
    """Whatever a browser sends."""
    assert unseal(KEY, "a", text) is None
