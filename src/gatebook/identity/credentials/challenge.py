"""Reads the WWW-Authenticate header of a connector (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1). Pure."""

import re

from msgspec import Struct

_PARAM = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))")
_SCHEME = re.compile(r"(?:^|,)[ \t]*([A-Za-z0-9-]+)(?=[ \t]+[A-Za-z0-9!#$%&'*+.^_`|~-]+[ \t]*=|[ \t]*(?:,|$))")
_ESCAPE = re.compile(r"\\(.)")
_CHARACTERS_MAX = 8192


class Challenge(Struct, frozen=True):
    """What a connector asks for."""

    resource_metadata: str | None = None
    scopes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def needs_scope(self) -> bool:
        """Whether the token is good, but not for this."""
        return self.error == "insufficient_scope"


def read_challenge(header: str | None) -> Challenge:
    """Read the Bearer challenge of a header; the empty one where there is none."""
    text = (header or "")[:_CHARACTERS_MAX]
    params: dict[str, str] = {}
    for scheme, part in _schemes(text):
        if scheme.lower() == "bearer":
            for name, quoted, plain in _PARAM.findall(part):
                params.setdefault(name.lower(), plain or _ESCAPE.sub(r"\1", quoted))
            break
    return Challenge(
        resource_metadata=params.get("resource_metadata") or None,
        scopes=tuple(dict.fromkeys(params.get("scope", "").split())),
        error=params.get("error") or None,
    )


def _schemes(text: str) -> list[tuple[str, str]]:
    """The challenges of a header: each scheme with its parameters. What stands inside quotation marks begins none."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: '"' + "x" * (len(found[0]) - 2) + '"', text)
    starts = [(found.start(1), found[1]) for found in _SCHEME.finditer(bare)]
    ends = [*(start for start, _ in starts), len(text)][1:]
    return [(scheme, text[start + len(scheme) : end]) for (start, scheme), end in zip(starts, ends, strict=True)]
