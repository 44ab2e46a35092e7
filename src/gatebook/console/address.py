"""Addresses of the explorer: the whole question stands in them."""

from urllib.parse import urlencode

from msgspec import UNSET, Struct, UnsetType

from gatebook.console.times import Range


def explorer(text: str = "", range_: Range | None = None, **more: str) -> str:
    """The explorer with a query and a time range."""
    params = {"q": text} if text else {}
    params |= range_.params if range_ else {}
    params |= {name: value for name, value in more.items() if value}
    return "/?" + urlencode(params) if params else "/"


def investigation(text: str, range_: Range | None = None) -> str:
    """The investigation of the calls of a query."""
    return "/investigate?" + urlencode({"start": text, **(range_.params if range_ else {})})


class Here(Struct, frozen=True, kw_only=True):
    """A question as its address holds it: query, range, what the histogram is stacked by (empty: by outcome), columns (empty: the reader's own)."""

    text: str
    range: Range
    by: str = ""
    columns: str = ""

    def link(self, *, text: str | UnsetType = UNSET, range_: Range | UnsetType = UNSET, by: str | UnsetType = UNSET, **more: str) -> str:
        """The address of this question with something changed."""
        return explorer(
            self.text if text is UNSET else text,
            self.range if range_ is UNSET else range_,
            by=self.by if by is UNSET else by,
            columns=self.columns,
            **more,
        )
