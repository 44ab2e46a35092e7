"""What a value looks like, without the value: enough to tell an account number from an order number, too little to know it."""

_CHARACTERS_MAX = 48


def shape(value: str) -> str:
    """Return the value with `#` for each digit, `*` for each letter and everything else that is not plain punctuation; long ones are cut.

    A value of punctuation alone says nothing but its length.
    """
    if not any(char.isalnum() for char in value):
        return f"({len(value)} characters)"
    shown = "".join("#" if char.isdigit() else char if char in " -_.,:;/@+()" else "*" for char in value[:_CHARACTERS_MAX])
    return shown + ("…" if len(value) > _CHARACTERS_MAX else "")
