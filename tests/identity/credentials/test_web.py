"""Which addresses may be spoken to, and what is an answer."""

import pytest

from gatebook.identity.credentials.web import Answer, Reach, WebError, check_address, reach_of, read_json, within

NEAR = [
    ("93.184.216.34", True, True, True),
    ("2606:4700::1111", True, True, True),
    ("10.1.2.3", False, True, True),
    ("192.168.0.9", False, True, True),
    ("100.64.0.1", False, True, True),
    ("fd00::1", False, True, True),
    ("127.0.0.1", False, False, True),
    ("::1", False, False, True),
    ("::ffff:127.0.0.1", False, False, True),
    ("::ffff:10.0.0.1", False, True, True),
    ("169.254.169.254", False, False, False),
    ("::ffff:169.254.169.254", False, False, False),
    ("fe80::1%eth0", False, False, False),
    ("0.0.0.0", False, False, False),
    ("224.0.0.1", False, False, False),
    ("64:ff9b::5db8:d822", True, True, True),
    ("64:ff9b::a01:203", False, True, True),
    ("64:ff9b::7f00:1", False, False, True),
    ("64:ff9b::a9fe:a9fe", False, False, False),
    ("2002:a9fe:a9fe::1", False, False, False),
    ("2002:a01:203::1", False, True, True),
    ("2001:0:4136:e378:8000:63bf:5601:5601", False, False, False),
    ("", False, False, False),
]


@pytest.mark.parametrize(("address", "public", "private", "loopback"), NEAR)
def test_an_address_is_within_reach_or_not(address: str, public: bool, private: bool, loopback: bool) -> None:
    """No nearer than the connector's own; link-local addresses, where clouds keep their metadata, never."""
    reaches: list[Reach] = ["public", "private", "loopback"]
    assert [within(address, reach) for reach in reaches] == [public, private, loopback]


def test_the_reach_is_that_of_the_nearest_address() -> None:
    """A connector with a private and a public address is in a private network."""
    assert reach_of(["93.184.216.34"]) == "public"
    assert reach_of(["93.184.216.34", "10.0.0.1"]) == "private"
    assert reach_of(["127.0.0.1"]) == "loopback"
    assert reach_of(["169.254.169.254"]) == "public"


@pytest.mark.parametrize(
    "url",
    [
        "http://as.example/",
        "javascript:alert(1)",
        "ftp://as.example/",
        "https://u:p@as.example/",
        "https://as.example/ x",
        "",
        "//x",
        "https://",
        "https://\u0430s.example/",
    ],
)
def test_an_address_that_a_server_names_must_be_https(url: str) -> None:
    """Http is for this machine only."""
    with pytest.raises(WebError):
        check_address(url, "token endpoint")
    assert check_address("http://127.0.0.1:9/x", "token endpoint")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": "x"}', b"\xff", b"[" * 100_000])
def test_an_answer_that_is_not_what_it_should_be_is_refused_without_its_text(body: bytes) -> None:
    """The text of an answer may hold a secret."""
    with pytest.raises(WebError, match="^the server did not answer as it should$"):
        read_json(Answer(status=200, body=body), "the server", dict[str, int])
