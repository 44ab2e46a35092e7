"""Why somebody was not signed in, and why a signal of a provider was not believed.

- `SignInProblem`: the text is a sentence for the person; `reason` is what the record says
- `SignalRefused`: the text is for the identity provider, in the form that its protocol asks for

Below them are `ProviderFault` (`issuers/fetching.py`): it does not answer, or answers what it must not; and `BadToken` (`signed_tokens.py`).
"""

from collections.abc import Mapping

from gatebook.record.body_access import SignInFailure


class SignInProblem(Exception):
    """Somebody was not signed in. Holds no secret and no text that the provider wrote."""

    def __init__(self, reason: SignInFailure, text: str, provider: str | None = None, claims: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.reason = reason
        self.provider = provider
        self.claims = dict(claims or {})
        """Who it would have been, for the payload of the record."""


class SignalRefused(Exception):
    """A logout signal was not believed. `status` is the HTTP status of the answer."""

    def __init__(self, status: int, error: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
