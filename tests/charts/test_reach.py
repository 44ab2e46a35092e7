"""The picture of who reached what."""

from gatebook.charts.reach import Layer, Node, Way, reach


def test_boxes_and_ways_are_links_with_words() -> None:
    """Names, numbers and addresses are there; a way from or to a box that is not drawn is left out."""
    layers = [
        Layer(title="People", nodes=(Node(key="ann", label="Ann <b>", count=12, href="/ann", bad=2),)),
        Layer(title="Tools", nodes=(Node(key="crm", label="crm · export", count=9, href="/crm"), Node(key="git", label="git", count=3))),
    ]
    ways = [
        Way(layer=0, start="ann", end="crm", count=9, href="/both"),
        Way(layer=0, start="bob", end="crm", count=9),
        Way(layer=1, start="crm", end="x", count=1),
    ]
    svg = reach(layers, ways, "who reached what")
    assert "Ann &lt;b&gt;: 12 calls, 2 blocked" in svg and "Ann &lt;b&gt; to crm · export: 9 calls" in svg
    assert all(f'href="{href}"' in svg for href in ("/ann", "/crm", "/both")) and svg.count('class="way"') == 1


def test_nothing_is_drawn_of_nothing() -> None:
    """No layers, no error."""
    assert "<svg" in reach([], [], "empty")
