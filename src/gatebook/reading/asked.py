"""A refused call as somebody decides about it: read from the record in the log, because what is approved is bound to exactly what it says."""

import msgspec
from msgspec import Raw, Struct

from gatebook.policy.access import DEFAULT_DENY
from gatebook.reading.detail import StoredRecord
from gatebook.record.body import CallRefused
from gatebook.state.approvals import Approval, arguments_digest
from gatebook.state.snapshot import Rules

_LOST = "Who asked for what can no longer be read, so it cannot be approved."
UNREADABLE = "The arguments are not recorded whole."
_UNREADABLE = "The arguments are not recorded whole, so it cannot be approved."


class AskedCall(Struct, frozen=True, kw_only=True):
    """`arguments` is JSON text as it was sent; None with the reason in `lost`. `matched` is without what only observed. Times in microseconds since 1970."""

    call: str
    time_us: int
    subject: str
    person: str
    name: str
    email: str
    groups: tuple[str, ...]
    client: str
    method: str
    connector: str
    tool: str
    effect: str
    rule: str
    reason: str
    matched: tuple[str, ...]
    arguments: bytes | None = None
    digest: str = ""
    lost: str = ""

    @property
    def waits(self) -> bool:
        """Whether it was a call of a tool that policy wanted somebody to approve."""
        return self.effect == "pending" and self.method == "tools/call"

    def asking(self, rules: Rules) -> tuple[str, ...]:
        """Return the policies that wanted an approval: the one that decided first, then the others that matched and still want one."""
        policies = rules.policies
        others = (name for name in self.matched if name in policies and policies[name].effect == "require_approval")
        return tuple(dict.fromkeys((self.rule, *others)))

    def denying(self, rules: Rules) -> tuple[str, ...] | None:
        """Return the policies that denied it and may be asked about, none where nothing allowed it; None when nobody may ask."""
        if self.effect != "blocked" or self.method != "tools/call":
            return None
        if self.rule == DEFAULT_DENY:
            return ()
        policies = rules.policies
        found = [name for name in self.matched if name in policies and policies[name].requestable]
        return tuple(found) if self.rule in found else None

    def like(self, decided_us: int) -> Approval:
        """An approval that is equal in what it is bound to: for looking one up that was made at or after `decided_us`."""
        return Approval(
            call=self.call,
            person=self.person,
            connector=self.connector,
            tool=self.tool,
            arguments_sha256=self.digest,
            rules=(),
            decision="approved",
            single_use=True,
            until_us=0,
            decided_by="",
            decided_us=decided_us,
        )


class _Identity(Struct):
    id: str = ""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()


class _Params(Struct):
    arguments: Raw = Raw(b"{}")


_identity = msgspec.json.Decoder(_Identity)
_params = msgspec.json.Decoder(_Params)


def arguments_of(params: bytes) -> bytes | None:
    """The arguments of a call of a tool, JSON text as it was sent; None where they cannot be read out of what was recorded."""
    try:
        return bytes(_params.decode(params).arguments)
    except msgspec.MsgspecError:
        return None


def asked_call(record: StoredRecord, key: bytes) -> AskedCall | None:
    """Read a refused call; None for a record that is none. `key` is that of the digests of arguments."""
    body = record.body
    if not isinstance(body, CallRefused) or body.decision is None:
        return None
    decision, lost = body.decision, ""
    try:
        who = _identity.decode(record.parts.get("identity", b"{}"))
    except msgspec.MsgspecError:
        who = _Identity()
    arguments: bytes | None = None
    if not who.id:
        lost = _LOST
    else:
        arguments = arguments_of(record.parts.get("arguments", b"{}"))
        lost = _UNREADABLE if arguments is None else ""
    return AskedCall(
        call=record.header.id,
        time_us=record.header.time,
        subject=body.actor.subject,
        person=who.id,
        name=who.name,
        email=who.email,
        groups=who.groups,
        client=body.client.name or "",
        method=body.method,
        connector=body.connector or "",
        tool=body.tool or "",
        effect=decision.effect,
        rule=decision.rule,
        reason=decision.reason or "",
        matched=tuple(name for name in decision.matched if name not in decision.observed),
        arguments=arguments,
        digest="" if arguments is None else arguments_digest(key, arguments),
        lost=lost,
    )
