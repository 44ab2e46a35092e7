"""The text of errors as people read it. Pure."""


def as_sentence(said: str | Exception) -> str:
    """A clause as a sentence: it begins with a capital letter and ends with one full stop."""
    text = str(said).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
