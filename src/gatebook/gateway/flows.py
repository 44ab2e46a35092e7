"""What a session has read, and what it may carry off: toxic flows and canaries of one worker.

The state is that of the gateway's own sessions, in memory: flows over several sessions are missed, and after a restart a session begins anew.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from gatebook.definitions.canary import find, make
from gatebook.definitions.flows import FRESH, Flow, Toxic, step
from gatebook.definitions.labels import labels_of
from gatebook.policy.globs import matches
from gatebook.policy.request import HINTS
from gatebook.state.governance import GovernanceSpec
from gatebook.state.snapshot import Snapshot

_SESSIONS_MAX = 20_000
_KNOWN_MAX = 10_000
ToxicAction = Literal["none", "alert", "require_approval", "block"]


class Flows:
    """Flows and canaries of one worker."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._flows: OrderedDict[str, Flow] = OrderedDict()
        self.apply(Snapshot())

    def apply(self, snapshot: Snapshot) -> None:
        """Put what was decided in force; what sessions have read stays known."""
        self._spec: GovernanceSpec = snapshot.rules.governance
        self._approved = snapshot.approved
        self._labels: dict[tuple[str, str], int] = {}

    @property
    def action(self) -> ToxicAction:
        """What happens to a call that would complete a flow."""
        return self._spec.toxic_flows.action

    @property
    def plants(self) -> bool:
        """Whether canaries are planted anywhere."""
        return bool(self._spec.canaries.connectors)

    @property
    def canary_action(self) -> Literal["alert", "block"]:
        """What happens to a call that brings a canary back."""
        return self._spec.canaries.action

    def step(self, session: str, connector: str, tool: str, call_id: str) -> Toxic | None:
        """Take a call in before it is carried out; tells when it would carry off what the session has read."""
        if self.action == "none":
            return None
        flow, toxic = step(self._flows.get(session, FRESH), self._label(connector, tool), call_id, time.monotonic_ns() // 1000)
        if flow is not FRESH:
            self._flows[session] = flow
            self._flows.move_to_end(session)
            if len(self._flows) > _SESSIONS_MAX:
                self._flows.popitem(last=False)
        return toxic

    def canary(self, connector: str, tool: str, call_id: str) -> str | None:
        """The canary to plant in the answer of a call; None where none is wanted."""
        wanted = self._spec.canaries
        if not any(matches(pattern, connector) for pattern in wanted.connectors) or not any(matches(one, tool) for one in wanted.tools):
            return None
        return make(self._key, call_id)

    def planted(self, arguments: bytes) -> list[str]:
        """Ids of the calls whose canaries stand in arguments. Costs one search where there is none."""
        return find(self._key, arguments)

    def _label(self, connector: str, tool: str) -> int:
        found = self._labels.get((connector, tool))
        if found is None:
            if len(self._labels) >= _KNOWN_MAX:
                self._labels.clear()
            approved = self._approved.get(connector, {}).get(tool)
            said = HINTS if approved is None else approved.hints
            annotations: Mapping[str, object] = {
                "readOnlyHint": said.read_only,
                "destructiveHint": said.destructive,
                "openWorldHint": said.open_world,
            }
            found = labels_of(connector, tool, annotations, self._spec.toxic_flows.labels, reviewed=approved is not None)
            self._labels[connector, tool] = found
        return found
