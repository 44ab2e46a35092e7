"""What people write: rules with their limits and tests, and temporary grants."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gatebook.policy.request import HINTS, Hints
from gatebook.policy.selectors import Names, Selector
from gatebook.record.parts import Severity

RuleEffect = Literal["allow", "deny", "require_approval", "redact", "alert_only"]
Expected = Literal["allow", "deny", "pending", "redact"]
By = Literal["person", "group", "connector", "tool"]
PRECEDENCE: tuple[RuleEffect, ...] = ("deny", "require_approval", "redact", "allow", "alert_only")
"""Which effect wins over which, strongest first. The last never decides."""


class Limit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rule matches only calls that come when more than this has been counted. Exactly one of the three largest counts is set."""

    per_s: Annotated[int, Meta(description="Length of the sliding time that is counted over.", ge=1, le=31 * 86_400)]
    calls_max: Annotated[int | None, Meta(description="Calls.")] = None
    arguments_bytes_max: Annotated[int | None, Meta(description="Bytes of arguments.")] = None
    response_bytes_max: Annotated[int | None, Meta(description="Bytes of responses.")] = None
    by: Annotated[tuple[By, ...], Meta(description="Counted apart for each of these; all together when empty.")] = ("person",)


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A test of a policy: a call, and what must come out when the whole configuration decides it."""

    person: Annotated[str, Meta(description="Id or e-mail address of the caller.")]
    groups: Annotated[Names, Meta(description="Groups of the caller.")] = ()
    service_account: Annotated[bool, Meta(description="The caller is a service account.")] = False
    client: Annotated[str, Meta(description="Name of the AI client.")] = ""
    connector: Annotated[str, Meta(description="The connector.")]
    tool: Annotated[str, Meta(description="The tool.")]
    args: Annotated[dict[str, Any], Meta(description="The arguments.")] = {}
    hints: Annotated[Hints, Meta(description="What the tool says of itself.")] = HINTS
    at: Annotated[str, Meta(description="When: a time with its zone, such as 2026-01-05T12:00:00Z.")] = "2026-01-05T12:00:00Z"
    source_ip: Annotated[str, Meta(description="Where from.")] = ""
    approved: Annotated[Names, Meta(description="Ids of rules that were approved for this call.")] = ()
    expect: Annotated[Expected, Meta(description="allow, deny, pending or redact.")]
    by: Annotated[str | None, Meta(description="Id of the rule that must decide.")] = None


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One policy."""

    id: Annotated[str, Meta(description="Unique name, as decisions name it.")]
    description: Annotated[str, Meta(description="What it is for.")] = ""
    effect: Annotated[RuleEffect, Meta(description="allow, deny, require_approval, redact or alert_only.")]
    mode: Annotated[Literal["enforce", "observe"], Meta(description="observe: matches are recorded and nothing else happens.")] = "enforce"
    selector: Annotated[Selector, Meta(description="Which calls; all when empty.")] = Selector()
    when: Annotated[str | None, Meta(description="A condition in CEL over the call and its arguments.")] = None
    reason: Annotated[str, Meta(description="What the caller is told.")] = ""
    severity: Annotated[Severity, Meta(description="low, medium, high or critical.")] = "medium"
    requestable: Annotated[bool, Meta(description="Whoever is denied may ask for an exception.")] = False
    approvers: Annotated[Names, Meta(description="Groups or people who may approve or grant an exception.")] = ()
    redact: Annotated[Names, Meta(description="redact: patterns of the detectors whose findings are redacted.")] = ()
    limit: Annotated[Limit | None, Meta(description="Matches only above this count.")] = None
    tests: Annotated[tuple[Case, ...], Meta(description="Tests, run before a configuration is taken.")] = ()


class Grant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A temporary grant of one tool to one person. It lifts default denials and the deny rules that it names, not the connector's own."""

    id: Annotated[str, Meta(description="Unique name.")]
    person: Annotated[str, Meta(description="Id or e-mail address.")]
    connector: Annotated[str, Meta(description="The connector.")]
    tool: Annotated[str, Meta(description="The tool, no pattern.")]
    until_us: Annotated[int, Meta(description="Ends at this moment, microseconds since 1970.")]
    except_rules: Annotated[Names, Meta(description="Ids of deny rules that do not hold for it.")] = ()
