"""Lines over time."""

from gatebook.charts.lines import Dot, LinePlot, Series, lines


def test_a_gap_breaks_the_line_and_each_value_is_a_link() -> None:
    """No value, no dot, and no line through it."""
    dots = (
        Dot(value=1, label="one", href="/1"),
        Dot(value=None),
        Dot(value=3, label="three", href="/3"),
        Dot(value=2, label="two", href="/2"),
    )
    svg = lines([Series(name="p95", dots=dots)], LinePlot(label="latency", words=lambda value: f"{value:g} s"))
    path = svg.partition('class="line l-p95" d="')[2].partition('"')[0]
    assert path.count("M") == 2 and path.count("L") == 1
    assert svg.count("<circle") == 3 and all(f'href="/{number}"' in svg for number in (1, 2, 3))
    assert "4 s" in svg and "2 s" in svg


def test_no_values_are_drawn_as_an_empty_chart() -> None:
    """Nothing is divided by nothing."""
    assert "<circle" not in lines([], LinePlot(label="x", words=str)) and lines([Series(name="a", dots=())], LinePlot(label="x", words=str))
