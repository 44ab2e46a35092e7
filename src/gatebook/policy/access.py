"""The access part of a connector: whom it names, and which of its tools. `bundle` decides by it: default deny, deny before allow."""

from msgspec import Struct

from gatebook.policy.globs import matches

EVERYONE = "everyone"
DEFAULT_DENY = "default-deny"
GATEWAY = "gateway"
TOOL_DEFINITION = "tool-definition"
"""What decides where the definition of a tool is not the one that was approved."""
TOXIC_FLOW = "toxic-flow"
CANARY = "canary"
RESERVED = (DEFAULT_DENY, GATEWAY, TOOL_DEFINITION, TOXIC_FLOW, CANARY)
"""What records name as deciding that is neither policy nor guardrail."""


class AccessRules(Struct, frozen=True, kw_only=True):
    """The access part of one connector. Patterns of tools know `*` (any text) and `?` (one character); case matters."""

    connector: str
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tools_allow: tuple[str, ...] = ("*",)
    tools_deny: tuple[str, ...] = ()


def visible(tool: str, rules: AccessRules) -> bool:
    """Whether a tool of a connector that is granted is listed. True exactly when a bundle of access rules alone would allow its call."""
    return not any(matches(pattern, tool) for pattern in rules.tools_deny) and any(matches(pattern, tool) for pattern in rules.tools_allow)
