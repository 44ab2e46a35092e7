"""A tool's key: what stands for its name in addresses, whatever the name is made of."""

import hashlib
import re

KEY_PATTERN = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}|~[0-9a-f]{16}"
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}")


def key_of(tool: str) -> str:
    """Return the name itself where it is harmless in an address, else `~` and 16 hexadecimal digits of its hash.

    No name that is its own key begins with `~`, so that no tool can be named after the key of another.
    """
    if _SAFE.fullmatch(tool):
        return tool
    return "~" + hashlib.sha256(tool.encode("utf-8", "surrogatepass")).hexdigest()[:16]
