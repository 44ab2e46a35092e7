"""The one error of the search language."""


class QueryError(ValueError):
    """The text is not a query.

    `position` counts characters from 0 and points at what is wrong; `expected` says what would be right there;
    `nearest` is the valid name closest to the one that was written, when there is one.
    """

    def __init__(self, message: str, *, position: int, expected: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.expected = expected
        self.nearest = nearest

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.message} at character {self.position + 1}: expected {self.expected}{hint}"
