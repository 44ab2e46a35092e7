"""Words with which a definition speaks to the model instead of describing a tool. Indicators: paraphrase and translation pass."""

import re

from msgspec import Struct

from gatebook.definitions.characters import folded
from gatebook.definitions.remark import Check
from gatebook.record.parts import Severity


class Order(Struct, frozen=True, kw_only=True):
    """What was found: the check, its severity, and the words, folded and cut to 120 characters."""

    check: Check
    severity: Severity
    words: str


_GAP = "[^.!?]"
_PEOPLE = r"(?:the |your |this |any |our )?(?:user|human|person|operator|customer|anyone|anybody|them)(?!'s|s)\b"
_NOT = rf"\b(?:do not|don't|dont|never|must not|mustn't|should not|shouldn't|without|avoid|not to)\b{_GAP}{{0,30}}?\b"
_STATE = r"(?:conversation|chat) (?:history|context|so far|log)|system prompt|(?:previous|prior|all|user's|user) messages|entire conversation|whole conversation"
_SECRET_PATH = (
    r"(?:~|\$home|%userprofile%|/home/\w{1,40}|/users/\w{1,40}|/root)/\.(?:ssh|aws|gnupg|kube|docker|cursor|claude|config|netrc|npmrc|pgpass)\b"
    r"|\bid_(?:rsa|ed25519|ecdsa|dsa)\b|/etc/(?:passwd|shadow|sudoers)|/proc/self|\.aws/credentials|\bmcp\.json\b|claude_desktop_config"
    r"|(?<![\w/])\.(?:env|netrc|pgpass|npmrc)\b"
)
_TAKE = r"\b(?:read|open|load|cat|access|get|fetch|retrieve|collect|copy)\b"
_GIVE = r"\b(?:pass|send|include|append|attach|provide|put|forward|upload|embed|insert|transmit|supply|add)\b"
_TAGS = r"important|very_important|system|instructions?|secret|hidden|critical|override|mandatory|attention|assistant|admin|developer|directive|prompt"
_TOOL = r"(?:this|any|the|another|an|other|all)(?: \w{1,30}){0,2} tools?\b"

_PATTERNS: tuple[tuple[Check, Severity, str], ...] = (
    ("instruction_tag", "high", r"<[ /]{0,3}(?:very[_ -]?)?(?:important|mandatory)[\w -]{0,30}>"),
    ("instruction_tag", "high", rf"< ?/ ?(?:{_TAGS})[\w -]{{0,30}}>"),
    ("instruction_tag", "high", r"<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>"),
    ("instruction_tag", "medium", rf"<(?:{_TAGS})>"),
    ("secrecy_order", "high", _NOT + rf"(?:tell|inform)(?:ing)? {_PEOPLE}"),
    ("secrecy_order", "high", _NOT + rf"(?:mention|reveal|show|disclos|explain|report|sa[yi]|talk)\w{{0,5}} {_GAP}{{0,40}}?\bto {_PEOPLE}"),
    ("secrecy_order", "high", _NOT + rf"let(?:ting)? {_PEOPLE} (?:know|see|notice|find)"),
    ("secrecy_order", "high", _NOT + r"(?:mention|reveal|disclose|talk about) (?:this|these|that|it|any of this|the above)\b"),
    ("secrecy_order", "high", rf"\b(?:hide|conceal|keep){_GAP}{{0,40}}? from {_PEOPLE}"),
    ("secrecy_order", "high", r"\bkeep (?:this|it|these|these instructions) (?:a )?(?:secret|hidden|confidential|to yourself)\b"),
    ("secrecy_order", "high", r"\b(?:secretly|silently|quietly|covertly) (?:send|forward|pass|read|copy|upload|include|call|invoke)\b"),
    ("secrecy_order", "medium", _NOT + rf"(?:notify|alert|warn|ask)(?:ing)? {_PEOPLE}"),
    (
        "override_order",
        "high",
        r"\b(?:ignore|disregard|forget)\b(?: \w{1,20}){0,3}? (?:previous|prior|earlier|above|preceding|system|original|other)(?: \w{1,20})?"
        r" (?:instructions?|prompts?|guidelines|directives|rules)\b",
    ),
    (
        "override_order",
        "high",
        r"\b(?:ignore|override|bypass|disregard|forget) your (?:\w{1,20} )?(?:instructions?|guidelines|safety|rules|training|prompt)\b",
    ),
    (
        "override_order",
        "medium",
        r"\b(?:new|updated|real|actual|hidden|secret) (?:system )?instructions?(?: for \w{1,20})? ?:|\byou are now (?:a|an|in|the)\b",
    ),
    (
        "data_order",
        "high",
        rf"{_TAKE}{_GAP}{{0,80}}?(?:{_SECRET_PATH}).{{0,150}}?(?:{_GIVE}|\bas (?:the |a )?['\"`]?\w{{1,40}}['\"`]? (?:parameter|argument))",
    ),
    ("data_order", "high", rf"{_GIVE}{_GAP}{{0,60}}?\b(?:contents?|file|keys?|value|values|credentials)\b.{{0,60}}?(?:{_SECRET_PATH})"),
    ("data_order", "high", rf"{_GIVE}{_GAP}{{0,60}}?(?:{_STATE})"),
    (
        "order_to_model",
        "medium",
        r"\byou (?:must|shall|have to|need to|are required to|should always|should never|should first)\b"
        r"|\b(?:always|never) (?:call|use|run|invoke|read|include|pass|send|start|ask|execute)\b"
        rf"|\b(?:before|after|prior to|when|whenever|instead of) (?:you )?(?:us|call|invok|runn?|execut)(?:e|ing)? {_TOOL}"
        r"|\b(?:note|message|instructions?|important) (?:to|for) (?:the )?(?:assistant|model|ai|llm|agent)\b"
        r"|\b(?:must|should) (?:always )?be (?:called|used|run) (?:first|before)\b",
    ),
)
_COMPILED = tuple((check, severity, re.compile(pattern)) for check, severity, pattern in _PATTERNS)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_BLANKS = re.compile(r"\s+")
_COMMENT = re.compile(r"<!--(.{0,400}?)(?:-->|$)", re.DOTALL)
SECRET_PATH = re.compile(_SECRET_PATH)


def plain(text: str) -> str:
    """Return the text as the patterns see it: folded, entities resolved, each run of blanks one space."""
    return _BLANKS.sub(" ", _ENTITY.sub(lambda match: _ENTITIES[match.group()], folded(text)))


def orders(text: str) -> list[Order]:
    """Return what speaks to the model in a text that is `plain`: the first of each check, the most severe pattern of it."""
    found: dict[Check, Order] = {}
    for check, severity, pattern in _COMPILED:
        if check not in found and (match := pattern.search(text)):
            found[check] = Order(check=check, severity=severity, words=match.group()[:120])
    if comment := _COMMENT.search(text):
        severity = "high" if len(comment[1].split()) >= 3 else "low"
        found["html_comment"] = Order(check="html_comment", severity=severity, words=comment.group()[:120])
    return list(found.values())
