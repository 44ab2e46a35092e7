"""The documents from which AI clients learn where to sign in. Plain values: an address is exactly the text that the settings hold. Pure.

Sources: RFC 8414, RFC 9207 section 3, RFC 9728, MCP authorization 2025-11-25 and 2026-07-28.
"""

from typing import Any, Final

from gatebook.identity.scopes import ALL_CONNECTORS
from gatebook.state.ai_clients import AiClientsSpec

SERVER_PATH: Final = "/.well-known/oauth-authorization-server"
AUTHORIZE_PATH: Final = "/oauth/authorize"
CONSENT_PATH: Final = "/oauth/consent"
TOKEN_PATH: Final = "/oauth/token"
REGISTER_PATH: Final = "/oauth/register"
REVOKE_PATH: Final = "/oauth/revoke"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_JAG_PROFILE: Final = "urn:ietf:params:oauth:grant-profile:id-jag"
SIGNATURES: Final = ("ES256", "RS256", "PS256", "EdDSA")
CLIENT_AUTHENTICATION: Final = ("none", "private_key_jwt", "client_secret_post", "client_secret_basic")


def server(issuer: str, rules: AiClientsSpec, *, assertions: bool) -> dict[str, Any]:
    """The authorization server. `issuer` has no final slash; `assertions`: identity assertions of some provider are accepted."""
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "scopes_supported": [ALL_CONNECTORS],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", *([JWT_BEARER] if assertions else [])],
        "token_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION),
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNATURES),
        "revocation_endpoint_auth_methods_supported": list(CLIENT_AUTHENTICATION),
        "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNATURES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": rules.metadata_documents,
    }
    if rules.registration:
        document["registration_endpoint"] = issuer + REGISTER_PATH
    if assertions:
        document["authorization_grant_profiles_supported"] = [ID_JAG_PROFILE]
    return document
