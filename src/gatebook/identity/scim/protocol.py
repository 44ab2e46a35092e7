"""The protocol as the library has it, with what directories need otherwise: see `shapes.py` and `members.py`."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec
from scim2_models import Context, Error, InvalidSyntaxException, PatchOp, Resource, ResourceType, ResponseParameters
from scim2_server.bulk import BulkPlan
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from gatebook.identity.scim import members, shapes
from gatebook.identity.scim.catalog import GROUP, provider
from gatebook.identity.scim.storage import DirectoryStorage
from gatebook.log.errors import LogUnavailable
from gatebook.state.store import StateError

_UNAVAILABLE: Final = "nothing was changed, because it cannot be kept and recorded now; send it again in a moment"


class Service(ScimService):
    """The library's service with requests brought into shape, and 200 with the resource as the answer to a PATCH."""

    def __init__(self) -> None:
        super().__init__(provider())

    def read_creation(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> Resource[Any]:
        """Validate the body of a POST."""
        return super().read_creation(resource_type, _shaped(body, shapes.of_resource), content_type)

    def read_replacement(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> Resource[Any]:
        """Validate the body of a PUT."""
        return super().read_replacement(resource_type, _shaped(body, shapes.of_resource), content_type)

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> "PatchOp[Any]":
        """Validate the body of a PATCH."""
        return super().read_patch(resource_type, _shaped(body, shapes.of_patch), content_type)

    def read_bulk(self, body: bytes, content_type: str | None) -> BulkPlan:
        """Validate a bulk request."""
        self.ensure_bulk_payload_size(len(body))
        return super().read_bulk(_shaped(body, shapes.of_bulk), content_type)

    def patch_response(self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]) -> ScimResponse:
        """200 with the resource: RFC 7644 section 3.5.2 allows 204 as well, which some clients trip over."""
        published = self.publish(base_url, resource)
        return self.resource_response(published, Context.RESOURCE_REPLACEMENT_RESPONSE, response_parameters)

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """The error of an exception: what is only now so is 503, so that the directory comes again."""
        if isinstance(exception, StateError | LogUnavailable):
            return Error(status=HTTPStatus.SERVICE_UNAVAILABLE, detail=_UNAVAILABLE)
        if isinstance(exception, RecursionError):
            return Error(status=HTTPStatus.BAD_REQUEST, detail="the request is nested too deep")
        return ScimService.error_of(exception)


class Handler(AsyncScimHandler):
    """The library's handler; of groups it takes members apart from the rest, so that 5,000 of them take no longer than their number says."""

    def __init__(self, service: Service, storage: DirectoryStorage) -> None:
        super().__init__(service, storage)
        self._storage = storage

    async def patch_resource(
        self, resource_type: ResourceType, resource_id: str, patch_op: "PatchOp[Any]", conditions: Conditions
    ) -> Resource[Any]:
        """Apply a PATCH."""
        if resource_type.id != GROUP:
            return await super().patch_resource(resource_type, resource_id, patch_op, conditions)
        changes, rest = members.split(patch_op.operations or ())
        if not changes or any("members" in str(one.path or "").lower() for one in rest):
            return await super().patch_resource(resource_type, resource_id, patch_op, conditions)
        current = await self._without_members(resource_type, resource_id)
        self.service.check_preconditions(current, "PATCH", conditions)
        if rest:
            patch_op.model_copy(update={"operations": rest}).patch(current)
        return await self._storage.update_group(resource_type, current, changes)

    async def replace_resource(
        self, resource_type: ResourceType, current: Resource[Any], replacement: Resource[Any], conditions: Conditions
    ) -> Resource[Any]:
        """Apply a PUT."""
        if resource_type.id != GROUP:
            return await super().replace_resource(resource_type, current, replacement, conditions)
        wanted = members.ids_of(list(getattr(replacement, "members", None) or ()))
        change = members.MemberChange(kind="replace", ids=wanted)
        bare = replacement.model_copy(update={"members": None})
        self.service.apply_replacement(current.model_copy(update={"members": None}), bare, conditions)
        return await self._storage.update_group(resource_type, bare.model_copy(update={"id": current.id}), [change])

    async def _without_members(self, resource_type: ResourceType, resource_id: str) -> Resource[Any]:
        parameters: ResponseParameters[Any] = ResponseParameters.model_validate({"excludedAttributes": ["members"]})
        return await self._storage.get(resource_type, resource_id, response_parameters=parameters)


def is_change(request: ScimRequest) -> bool:
    """Whether a request changes something."""
    return request.method.upper() in ("POST", "PUT", "PATCH", "DELETE") and not request.path.rstrip("/").endswith("/.search")


def _shaped(body: bytes, shape: Callable[[Any], Any]) -> bytes:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body  # The validation says what is wrong with it.
    except RecursionError as error:
        raise InvalidSyntaxException(detail="the request is nested too deep") from error
    shapes.check_depth(decoded)
    return msgspec.json.encode(shape(decoded))
