"""Addresses of the explorer: the whole question stands in them."""

from urllib.parse import urlencode

from gatebook.console.times import Range


def explorer(text: str = "", range_: Range | None = None, **more: str) -> str:
    """The explorer with a query and a time range."""
    params = {"q": text} if text else {}
    params |= range_.params if range_ else {}
    params |= {name: value for name, value in more.items() if value}
    return "/?" + urlencode(params) if params else "/"
