"""Codings of whole runs."""

import base64
import gzip
import random
import uuid
import zlib

import pytest

from gatebook.dlp.hit import Exhausted
from gatebook.dlp.opaque import SIGNS, Budget, Revealed, reveal, without_blobs
from gatebook.dlp.prefilter import Prefilter

TEXT = "ann.miller@acme.com and more"
PROBES = Prefilter(SIGNS, apart=True)


def revealed(data: bytes, bytes_max: int = 10_000) -> list[Revealed]:
    """Reveal all runs of a text."""
    return [one for sign in SIGNS for one in reveal(data, sign, PROBES.ends(sign, data, 1, 100_000), Budget(bytes_max))]


@pytest.mark.parametrize(
    ("run", "layers"),
    [
        (base64.b64encode(TEXT.encode()), ("base64",)),
        (base64.b64encode(TEXT.encode()).rstrip(b"="), ("base64",)),
        (base64.urlsafe_b64encode(b"abc~?>" + TEXT.encode()), ("base64url",)),
        (TEXT.encode().hex().encode(), ("hex",)),
        (TEXT.encode().hex(":").encode(), ("hex",)),
        (base64.b64encode(gzip.compress(TEXT.encode(), mtime=0)), ("base64", "gzip")),
        (base64.b64encode(zlib.compress(TEXT.encode())), ("base64", "zlib")),
    ],
)
def test_a_run_is_revealed_with_its_place(run: bytes, layers: tuple[str, ...]) -> None:
    """The text, the codings and the span of the run come back."""
    one = next(one for one in revealed(b"see " + run + b" here") if TEXT in one.text)
    assert (one.start, one.end) == (4, 4 + len(run))
    assert one.layers[0].startswith(layers[0]) and one.layers[1:] == layers[1:]


def test_a_bomb_does_not_go_off() -> None:
    """Compressed data that would become larger than the budget is an error after as much work as the budget allows."""
    bomb = base64.b64encode(gzip.compress(b"a" * 50_000_000, mtime=0))
    with pytest.raises(Exhausted) as caught:
        revealed(bomb)
    assert caught.value.fault == "budget"


def test_random_data_says_nothing() -> None:
    """Random base64, hashes and UUIDs are no text."""
    dice = random.Random(1)
    assert revealed(base64.b64encode(dice.randbytes(200_000))) == []
    assert revealed(b" ".join(dice.randbytes(20).hex().encode() for _ in range(2000))) == []
    assert revealed(b" ".join(str(uuid.UUID(bytes=dice.randbytes(16))).encode() for _ in range(2000))) == []


def test_an_image_is_left_alone_unless_it_is_text() -> None:
    """A data URI of an image is not decoded, but one that begins as text is."""
    image = b"data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(2000))
    assert revealed(image) == []
    assert revealed(b"data:image/png;base64," + base64.b64encode(TEXT.encode() * 3))


def test_blobs_that_say_nothing_are_passed_over() -> None:
    """A long random run becomes spaces of the same length; a text, a run with a long number in it and short runs stay."""
    blob = base64.b64encode(random.Random(3).randbytes(3000))
    assert without_blobs(b'["' + blob + b'"]') == b'["' + b" " * 4000 + b'"]'
    text = base64.b64encode(TEXT.encode() * 60)
    for kept in (text, blob[:2000] + b"/4242424242424242/" + blob[2000:], blob[:900], b"a" * 4000):
        assert without_blobs(kept) == kept
