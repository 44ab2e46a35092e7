"""The functions that conditions have of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.policy.functions import domain, glob, in_cidr


@pytest.mark.parametrize(
    ("email", "expected"), [("Ana@Corp.Example", "corp.example"), ("a.b+c@x.y.", "x.y"), ("ä@münchen.example", "münchen.example")]
)
def test_the_domain_is_what_stands_after_the_sign(email: str, expected: str) -> None:
    """Lower case, without the dot of the root."""
    assert domain(email) == expected


@pytest.mark.parametrize(
    "text",
    ["", "ana", "@x", "a@", "a@b@c", "boss@corp.example <eve@evil.example>", "a@corp.example,eve@evil.example", "a@x\n@y", 'a"@x', "a@x "],
)
def test_what_is_not_one_address_has_no_domain(text: str) -> None:
    """A text with two addresses, or with none, makes the condition fail, since either domain would be a guess."""
    with pytest.raises(ValueError, match="not one e-mail address"):
        domain(text)


@given(st.text())
def test_a_domain_holds_no_sign_and_no_space(text: str) -> None:
    """Whatever is asked, the answer is one plain word or a ValueError."""
    try:
        found = domain(text)
    except ValueError:
        return
    assert found == found.strip() and "@" not in found and "," not in found and "<" not in found


def test_addresses_in_networks() -> None:
    """Both versions; an IPv4 address written inside IPv6 is the IPv4 one; versions are never mixed up."""
    assert in_cidr("10.1.2.3", "10.0.0.0/8") and in_cidr("::ffff:10.1.2.3", "10.0.0.0/8") and in_cidr("fd00::1", "fd00::/8")
    assert not in_cidr("11.0.0.1", "10.0.0.0/8") and not in_cidr("fd00::1", "0.0.0.0/0") and not in_cidr("1.2.3.4", "::/0")


@pytest.mark.parametrize(
    ("ip", "net"), [("", "10.0.0.0/8"), ("10.0.0.1", "10.0.0.1/8"), ("ten", "10.0.0.0/8"), ("010.0.0.1", "10.0.0.0/8")]
)
def test_what_cannot_be_read_is_no_answer(ip: str, net: str) -> None:
    """A bad address or network is neither inside nor outside."""
    with pytest.raises(ValueError, match="not a"):
        in_cidr(ip, net)


def test_globs_in_conditions_are_those_of_selectors() -> None:
    """Same patterns, same case; a pattern of absurd length is refused."""
    assert glob("get_all", "get_*") and not glob("Get_all", "get_*")
    with pytest.raises(ValueError, match="too long"):
        glob("a", "*" * 5000)
