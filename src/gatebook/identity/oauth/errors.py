"""What the authorization server answers when it refuses."""

from typing import Literal

Code = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "invalid_scope",
    "invalid_target",
    "access_denied",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "temporarily_unavailable",
    "slow_down",
]
"""RFC 6749 sections 4.1.2.1 and 5.2, RFC 7591 section 3.2.2, RFC 8707 section 2."""


class OAuthError(Exception):
    """A refusal: a code for the client and a sentence for people, which holds no secret. `status` is that of HTTP."""

    def __init__(self, code: Code, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code: Code = code
        self.status = status


def unknown_client(text: str = "this client is not known here, or not any more") -> OAuthError:
    """401, on which clients register anew."""
    return OAuthError("invalid_client", text, 401)
