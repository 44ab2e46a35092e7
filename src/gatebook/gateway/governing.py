"""Which policies are in force in a worker: one snapshot, compiled, and asked by every request. No I/O, no state of sessions."""

from msgspec import Struct

from gatebook.gateway.connectors import Runtime
from gatebook.gateway.context import Context
from gatebook.identity.directory import Principal
from gatebook.policy.access import DEFAULT_DENY, GATEWAY
from gatebook.policy.bundle import Bundle
from gatebook.policy.candidates import Candidates
from gatebook.policy.request import HINTS, Counts, Hints, Request
from gatebook.record.parts import Decision
from gatebook.state.approvals import Approval
from gatebook.state.in_force import sources_of
from gatebook.state.snapshot import Snapshot

_KNOWN_MAX = 10_000
# What opens a session or asks what there is; any grant on a connector is enough for it. The answers hold definitions, which are pinned and
# read by people, not data: guardrails do not look at them.
CONNECTING = frozenset(
    {"initialize", "ping", "logging/setLevel", "server/discover", "subscriptions/listen"}
    | {"tools/list", "prompts/list", "resources/list", "resources/templates/list"}
)


class Wanted(Struct, frozen=True):
    """What a request is for, as far as policy asks."""

    runtime: Runtime
    method: str
    tool: str | None = None
    arguments: bytes | None = None
    approvals: frozenset[str] = frozenset()


class Governing:
    """One configuration. Raises BundleError for one that does not fit together."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.bundle = Bundle.compile(sources_of(snapshot))
        self.name = snapshot.bundle
        self._approved = snapshot.approved
        self._candidates: dict[tuple[object, ...], Candidates] = {}
        self._approvals: dict[tuple[str, str, str], list[Approval]] = {}
        for approval in snapshot.approvals:
            self._approvals.setdefault((approval.person, approval.connector, approval.tool), []).append(approval)

    def request(self, context: Context, wanted: Wanted, now_us: int) -> Request:
        """What is asked of policy for a request of a client."""
        who, tool = context.principal, wanted.tool
        return Request(
            connector=wanted.runtime.name,
            tool=tool,
            connect=wanted.method in CONNECTING,
            person=who.person,
            email=who.email,
            kind=who.kind,
            groups=who.groups,
            client=context.client.name or "",
            hints=self._hints(wanted.runtime.name, tool),
            source_ip=context.source.ip,
            time_us=now_us,
            arguments=wanted.arguments,
            approvals=wanted.approvals,
        )

    def _hints(self, connector: str, tool: str | None) -> Hints:
        approved = self._approved.get(connector, {}).get(tool or "")
        return HINTS if approved is None else approved.hints

    def decide(self, request: Request, counts: Counts | None) -> Decision:
        """Decide a request."""
        return self.candidates(request).decide(request, counts)

    def candidates(self, request: Request) -> Candidates:
        """What is known of a request before its arguments; remembered for the next one that is like it."""
        key = request.key
        found = self._candidates.get(key)
        if found is None:
            if len(self._candidates) >= _KNOWN_MAX:
                self._candidates.clear()
            found = self._candidates[key] = self.bundle.candidates(request)
        return found

    def connects(self, who: Principal, connector: str) -> bool:
        """Whether a person has been given the connector, or some of its tools, at all. To anybody else it is as unknown as one that does not exist."""
        request = Request(connector=connector, connect=True, person=who.person, email=who.email, kind=who.kind, groups=who.groups)
        return self.candidates(request).standing.connects

    def may_be_asked_for(self, decision: Decision) -> bool:
        """Whether somebody who was denied may ask for access: where nothing allowed it, or the policy that denied it says so."""
        if decision.rule == DEFAULT_DENY:
            return True
        rule = self.bundle.rules.get(decision.rule)
        return rule is not None and rule.requestable

    def approvals(self, person: str, connector: str, tool: str) -> list[Approval]:
        """The approvals that a call of this tool could use."""
        return self._approvals.get((person, connector, tool), [])


def own_decision(bundle: str) -> Decision:
    """The decision about what the gateway answers itself."""
    return Decision(effect="allowed", rule=GATEWAY, bundle=bundle)


def decides_alike(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots decide calls in the same way: people and tokens may differ, what decides about them does not."""
    return (
        one.config_hash == other.config_hash
        and one.connectors == other.connectors
        and one.rules == other.rules
        and one.grants == other.grants
        and one.approvals == other.approvals
        and one.approved == other.approved
    )
