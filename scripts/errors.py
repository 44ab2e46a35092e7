"""What can go wrong before anything of the product runs."""


class SetupError(Exception):
    """Something that a verb cannot do without is missing; the text says what to install."""
