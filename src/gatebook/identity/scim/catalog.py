"""What this service provider offers, as it says at the discovery addresses: resource types, schemas, limits, and what it tolerates.

The models are built from the schemas of RFC 7643, where an e-mail address is any string: a directory of the domain `corp.local` must be able to say so.
"""

from functools import cache
from typing import Final

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Mutability,
    Patch,
    Reference,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)
from scim2_server.utils import load_default_resource_types, load_default_schemas

BULK_OPERATIONS_MAX: Final = 100
BODY_BYTES_MAX: Final = 8 * 1024 * 1024
PAGE_MAX: Final = 200
USER: Final = "User"
GROUP: Final = "Group"
USER_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_SCHEMA: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PASSWORD: Final = "password"


@cache
def provider() -> ScimProvider:
    """The description of the service. It is tolerant where Entra departs from the RFC; `shapes.py` has what a policy cannot say."""
    schemas = load_default_schemas()
    user = schemas[USER_SCHEMA]
    # A password is neither kept nor offered; one that is sent is an attribute that nobody knows, and is dropped.
    user.attributes = [attribute for attribute in user.attributes or [] if attribute.name != _PASSWORD]
    # A member has no name of its own here: what a directory sends as one is not kept, because it would be wrong after the next change of the user.
    for attribute in schemas[GROUP_SCHEMA].attributes or []:
        for part in attribute.sub_attributes or []:
            if part.name == "display":
                part.mutability = Mutability.read_only
    return ScimProvider.from_discovery(
        schemas.values(),
        load_default_resource_types().values(),
        config=_config(),
        policy=ScimPolicy(
            unknown=ScimPolicy.Unknown.ignore,
            remove_value_as_filter=ScimPolicy.RemoveValue.apply,
            unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
        ),
    )


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=BULK_OPERATIONS_MAX, max_payload_size=BODY_BYTES_MAX),
        filter=Filter(supported=True, max_results=PAGE_MAX),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token of the directory, made in the console or with gatebook scim token create.",
                spec_uri=Reference("https://www.rfc-editor.org/rfc/rfc6750"),
                primary=True,
            )
        ],
    )
