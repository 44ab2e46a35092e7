"""What is in force for AI clients: the document of kind AiClients, and the identity providers whose assertions are accepted."""

from typing import cast

from sqlalchemy import Connection

from gatebook.state import changes
from gatebook.state.ai_clients import ONLY_NAME, AiClientsSpec
from gatebook.state.documents import parse_documents
from gatebook.state.identity_providers import IdentityProviderSpec


def read_rules(connection: Connection) -> AiClientsSpec:
    """The document as it is stored, else its defaults."""
    stored = changes.newest(connection, "AiClients", ONLY_NAME)
    if stored is None or stored.deleted:
        return AiClientsSpec()
    return cast(AiClientsSpec, parse_documents(stored.yaml, "stored")[0].spec)


def read_asserting(connection: Connection) -> dict[str, IdentityProviderSpec]:
    """The providers whose identity assertions are accepted, by issuer."""
    specs = [
        cast(IdentityProviderSpec, parse_documents(one.yaml, "stored")[0].spec) for one in changes.listed(connection, "IdentityProvider")
    ]
    return {spec.issuer: spec for spec in specs if spec.assertions}
