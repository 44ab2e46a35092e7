"""The prefilter."""

import threading

import pytest

from gatebook.dlp.prefilter import Prefilter, TooManyPlaces


def test_it_says_which_probes_match() -> None:
    """Names of matching probes come back, each once."""
    assert Prefilter({"digits": r"\d{3}", "word": "(?i)abc", "other": "xyz"}).alive(b"ABC 123 456") == {"digits", "word"}


def test_it_says_where_a_probe_matches() -> None:
    """Ends are byte offsets, ascending, and as far apart as asked."""
    probes = Prefilter({"digits": r"\d{3}"}, apart=True)
    assert probes.ends("digits", b"12345 123", 1, 10) == [3, 4, 5, 9]
    assert probes.ends("digits", b"12345 123", 4, 10) == [3, 9]


def test_it_stops_at_too_many_places() -> None:
    """More places than the limit are an error, not a long list."""
    with pytest.raises(TooManyPlaces):
        Prefilter({"digit": r"\d"}, apart=True).ends("digit", b"1" * 1000, 1, 100)


def test_it_gives_up_when_it_is_late() -> None:
    """Whoever waits is asked now and then, and may have waited long enough."""
    probes = Prefilter({"digit": r"\d"}, apart=True)
    assert len(probes.ends("digit", b"1" * 5000, 1, 10_000, lambda: False)) == 5000
    with pytest.raises(TooManyPlaces):
        probes.ends("digit", b"1" * 5000, 1, 10_000, lambda: True)


def test_a_value_at_the_very_beginning_follows_something() -> None:
    """A probe that begins with what is no letter matches at the beginning as well, and the place is right."""
    probes = {"word": "[^a-z]abc"}
    assert Prefilter(probes).alive(b"abc") == {"word"}
    assert Prefilter(probes, apart=True).ends("word", b"abc abc", 1, 10) == [3, 7]


def test_a_wrong_probe_is_refused() -> None:
    """What Hyperscan does not know is a ValueError with its reason."""
    with pytest.raises(ValueError, match="Missing close parenthesis"):
        Prefilter({"wrong": "(("})


def test_threads_do_not_disturb_each_other() -> None:
    """Four threads scan with one prefilter at the same time."""
    probes = Prefilter({"digits": r"\d{3}", "word": "abc"})
    wrong: list[set[str]] = []

    def work() -> None:
        wrong.extend(names for _ in range(500) if (names := probes.alive(b"x" * 2000 + b"123")) != {"digits"})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
