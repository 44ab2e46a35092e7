"""Only tools whose definition somebody approved are listed and called: what connectors list is held against the pins, and noted where it is new.

What is noted goes to state, where people decide about it, and with the next snapshot every worker knows.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec.structs import replace

from gatebook.definitions.definition import Definition
from gatebook.definitions.lint import lint
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.notebook import Notebook
from gatebook.gateway.recorder import Recorder
from gatebook.log.errors import LogUnavailable
from gatebook.policy.access import TOOL_DEFINITION
from gatebook.state.definitions import Known, Listing
from gatebook.state.snapshot import Snapshot
from gatebook.state.store import StateError

RULE = TOOL_DEFINITION
Standing = Literal["approved", "unlisted", "waiting", "changed"]
_FIRST = "listed first after the connector was applied"
_logger = logging.getLogger(__name__)
_REASONS: dict[Standing, str] = {
    "unlisted": "The connector {connector} does not list a tool {tool}.",
    "waiting": "The tool {tool} of the connector {connector} waits for an administrator to approve its definition.",
    "changed": "The definition of the tool {tool} of the connector {connector} is not the one that was approved (tool_definition_changed).",
}


class Pinning:
    """The pins of one worker's connectors, as the snapshot in force has them."""

    def __init__(self, snapshot: Snapshot, notebook: Notebook | None, recorder: Recorder) -> None:
        self._approved = snapshot.approved
        self._listings = snapshot.listings
        self._notebook = notebook
        self._recorder = recorder
        self._noted: dict[str, Mapping[str, str]] = {}

    def apply(self, snapshot: Snapshot) -> None:
        """Take over what was decided."""
        self._approved, self._listings = snapshot.approved, snapshot.listings

    def standing(self, runtime: Runtime, tool: str) -> Standing:
        """Whether a tool may be listed and called: whether what it is now is what was approved."""
        mode = runtime.connector.spec.tool_approval
        if mode == "none":
            return "approved"
        listing = self._listings.get(runtime.name)
        if listing is None:
            # Nothing is pinned yet. Whoever applied the connector approved what it lists first, or said that somebody will look at it.
            return "approved" if mode == "first" else "waiting"
        known = runtime.catalog.tools.get(tool)
        shown = known.hash if known is not None else listing.tools.get(tool)
        if shown is None:
            return "unlisted"
        approved = self._approved.get(runtime.name, {}).get(tool)
        if approved is None:
            return "waiting"
        return "approved" if approved.hash == shown else "changed"

    def reason(self, standing: Standing, runtime: Runtime, tool: str) -> str:
        """Why a tool that may not be called may not, for the caller."""
        return _REASONS[standing].format(connector=runtime.name, tool=tool[:200])

    async def saw(self, runtime: Runtime, definitions: Iterable[Definition], *, complete: bool) -> None:
        """Note what a connector lists, where that is not known; `complete`: it lists nothing else."""
        if runtime.connector.spec.tool_approval == "none" or self._notebook is None:
            return
        seen = {definition.name: definition for definition in definitions}
        hashes = {name: definition.hash for name, definition in seen.items()}
        listing = self._listings.get(runtime.name)
        known = listing.tools if listing is not None else None
        before = self._noted.get(runtime.name, known)
        after = hashes if complete else {**(before or {}), **hashes}
        if before is not None and dict(before) == after:
            return
        self._noted[runtime.name] = after
        now_us = time.time_ns() // 1000
        author = runtime.connector.author

        def first(tool: str, hash: str) -> Known:
            clean = runtime.connector.spec.tool_approval == "first" and not any(
                remark.severity in ("high", "critical") for remark in lint(runtime.name, seen[tool])
            )
            found = Known(connector=runtime.name, tool=tool, hash=hash, definition=seen[tool].text, state="pending", seen_us=now_us)
            return replace(found, state="approved", decided_by=author, decided_us=now_us, reason=_FIRST) if clean else found

        texts = {definition.hash: definition.text for definition in seen.values()}
        try:
            new = await self._notebook.listed(Listing(connector=runtime.name, tools=after, at_us=now_us), texts, first)
            self._recorder.tools_listed(runtime.name, new, sorted(set(before or {}) - set(after)))
        except (StateError, LogUnavailable) as error:
            self._noted.pop(runtime.name, None)
            _logger.error("what connector %s lists could not be noted: %s", runtime.name, error)
