"""Policies, guardrails and the history of all that is governed; another mode, and the way back to an earlier version."""

from typing import Annotated, Final, get_args

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.reading.decisions import REASON
from gatebook.reading.rule_facts import Kind, Made, Mode, Resource, RuleFacts

FORBIDDEN: Final = "Not for the caller; or a change with an access token, which changes nothing of what is governed."
CHANGE_PROBLEMS: Final = {403: FORBIDDEN, 404: "There is no such resource or version.", 409: "Somebody has changed it meanwhile."}
_KINDS: Final = f"({'|'.join(get_args(Kind))})"
_MISSING: Final = "There is no resource of this kind and name, and there never was."
_NAME: Final = params.in_path("name", "Name of the resource.", "[a-z0-9][a-z0-9-]{0,62}", _MISSING)
_KIND: Final = params.in_path("kind", "Kind of the resource.", _KINDS, _MISSING)
_LISTED: Final = params.in_path("kind", "Policy or Guardrail.", "(Policy|Guardrail)", _MISSING)
BASE = Annotated[int, Meta(ge=0, le=1 << 53, description="The version that was looked at; 409 when it is another by now.")]


class PoliciesAnswer(Struct, frozen=True, kw_only=True):
    """All policies, in the order in which they are evaluated."""

    policies: list[RuleFacts]


class GuardrailsAnswer(Struct, frozen=True, kw_only=True):
    """All guardrails, in the order in which they are evaluated."""

    guardrails: list[RuleFacts]


class ModeOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another mode for a policy or guardrail."""

    mode: Annotated[Mode, Meta(description="enforce, or observe: it decides nothing, and the record says where it would have.")]
    base: BASE
    reason: REASON = ""


class RollbackOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An earlier version that is to be the newest."""

    version: Annotated[int, Meta(ge=1, le=1 << 53, description="The version to go back to; one that was a deletion deletes.")]
    base: BASE
    reason: REASON = ""


class Rules:
    """Operations of `/v1/policies`, `/v1/guardrails` and `/v1/resources`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._rules = deps.rules

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listPolicies",
                method="GET",
                path="/v1/policies",
                group="policies",
                handle=self.policies,
                summary="Policies in the order of evaluation, with the calls of seven days to which they applied.",
                answer=PoliciesAnswer,
                problems={403: FORBIDDEN},
            ),
            Operation(
                name="listGuardrails",
                method="GET",
                path="/v1/guardrails",
                group="policies",
                handle=self.guardrails,
                summary="Guardrails in the order of evaluation, with the calls of seven days to which they applied.",
                answer=GuardrailsAnswer,
                problems={403: FORBIDDEN},
            ),
            Operation(
                name="showResource",
                method="GET",
                path="/v1/resources/{kind}/{name}",
                group="policies",
                handle=self.resource,
                summary="One resource as it is in force, with all its versions: who changed what, when and why.",
                parameters=(_KIND, _NAME),
                answer=Resource,
                problems={403: FORBIDDEN, 404: _MISSING},
            ),
            Operation(
                name="setMode",
                method="POST",
                path="/v1/resources/{kind}/{name}/mode",
                group="policies",
                handle=self.mode,
                summary="Put a policy or guardrail into another mode; for administrators, and on the record.",
                parameters=(_LISTED, _NAME),
                body=ModeOrder,
                answer=Made,
                problems=CHANGE_PROBLEMS,
            ),
            Operation(
                name="rollBack",
                method="POST",
                path="/v1/resources/{kind}/{name}/rollback",
                group="policies",
                handle=self.rollback,
                summary="Make an earlier version the newest one, through the same checks; for administrators, and on the record.",
                parameters=(_KIND, _NAME),
                body=RollbackOrder,
                answer=Made,
                problems=CHANGE_PROBLEMS,
            ),
        )

    async def policies(self, ask: Ask) -> PoliciesAnswer:
        """All policies."""
        return PoliciesAnswer(policies=await self._rules.rules(ask.viewer, "Policy"))

    async def guardrails(self, ask: Ask) -> GuardrailsAnswer:
        """All guardrails."""
        return GuardrailsAnswer(guardrails=await self._rules.rules(ask.viewer, "Guardrail"))

    async def resource(self, ask: Ask) -> Resource:
        """One resource."""
        found = await self._rules.resource(ask.viewer, ask.values["kind"], ask.values["name"])
        if found is None:
            raise Problem(404, "Not found", _MISSING)
        return found

    async def mode(self, ask: Ask) -> Made:
        """Another mode."""
        order: ModeOrder = ask.body
        return await self._rules.set_mode(ask.viewer, ask.values["kind"], ask.values["name"], order.mode, order.reason, order.base)

    async def rollback(self, ask: Ask) -> Made:
        """An earlier version."""
        order: RollbackOrder = ask.body
        return await self._rules.roll_back(ask.viewer, ask.values["kind"], ask.values["name"], order.version, order.reason, order.base)
