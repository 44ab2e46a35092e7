"""The text of errors as people read it. Pure."""


def as_sentence(said: str | Exception) -> str:
    """A clause as a sentence: it begins with a capital letter and ends with one full stop."""
    text = str(said).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


MISSING_WORDS = {
    "dropped": "dropped by retention",
    "erased": "erased",
    "damaged": "damaged",
    "too_large": "too large to be kept",
    "disk_full": "not kept, because the disk was full",
    "cut": "kept in part",
    "withheld": "withheld without being kept",
}
"""Why a payload is not there."""
FAULT_WORDS = {
    "too_large": "larger than what is scanned",
    "too_deep": "nested deeper than what is scanned",
    "not_json": "not valid JSON",
    "budget": "beyond the budget of time of a scan",
    "too_many": "too full of candidates",
}
"""What a payload is that cannot be scanned."""
