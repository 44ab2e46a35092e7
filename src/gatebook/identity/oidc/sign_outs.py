"""Sign-out at the identity provider too, after that here (OpenID Connect RP-Initiated Logout 1.0), where its resource asks for it.

What the provider wants to be reminded of, the ID token, is kept nowhere but sealed in a cookie of the browser that it was issued for.
"""

from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.oidc.attempts import derive
from gatebook.identity.oidc.providers import Provider, Providers
from gatebook.identity.oidc.sealing import seal, unseal

RETURN_PATH: Final = "/login"
"""Where providers send people back to: `post_logout_redirect_uri`."""
_PURPOSE: Final = "sign-out at the provider 1"
# Browsers keep cookies of up to 4096 characters; without the token the provider asks the person.
_TOKEN_CHARACTERS_MAX: Final = 2600
_HINT_CHARACTERS_MAX: Final = 4000


class _Hint(Struct, frozen=True, array_like=True):
    provider: str
    id_token: str


class WayOut(Struct, frozen=True, kw_only=True):
    """Where somebody signs out of a provider. `address` is None while it cannot be told where."""

    title: str
    address: str | None


class SignOuts:
    """Sends people who signed out here to sign out there. `key` has 32 bytes."""

    def __init__(self, providers: Providers, key: bytes, console_url: str) -> None:
        self._providers = providers
        self._key = key
        self._return_to = f"{console_url}{RETURN_PATH}"

    def hint(self, provider: Provider, id_token: str) -> str:
        """What the browser keeps until it signs out; empty where the provider is not to be told."""
        if not provider.spec.end_session:
            return ""
        kept = _Hint(provider.name, id_token if len(id_token) <= _TOKEN_CHARACTERS_MAX else "")
        return seal(self._key, _PURPOSE, msgspec.json.encode(kept))

    async def way_out(self, hint: str) -> WayOut | None:
        """Where to go from here; None where there is nothing to do there."""
        found = self._open(hint)
        provider = self._provider(found)
        if found is None or provider is None:
            return None
        try:
            endpoint = (await provider.metadata()).end_session_endpoint
        except ProviderFault:
            return WayOut(title=provider.title, address=None)
        if endpoint is None:
            return None
        fields = {"client_id": provider.spec.client_id, "post_logout_redirect_uri": self._return_to, "state": self._state(hint)}
        if found.id_token:
            fields["id_token_hint"] = found.id_token
        return WayOut(title=provider.title, address=f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}")

    def came_back(self, hint: str, state: str) -> str | None:
        """As what people know the provider from which this browser comes back; None for another state than that with which it went."""
        provider = self._provider(self._open(hint))
        return provider.title if provider is not None and state == self._state(hint) else None

    def _open(self, hint: str) -> _Hint | None:
        content = unseal(self._key, _PURPOSE, hint) if len(hint) <= _HINT_CHARACTERS_MAX else None
        return None if content is None else msgspec.json.decode(content, type=_Hint)

    def _provider(self, hint: _Hint | None) -> Provider | None:
        if hint is None:
            return None
        return next((one for one in self._providers.all() if one.name == hint.provider and one.spec.end_session), None)

    def _state(self, hint: str) -> str:
        return derive(self._key, "state of a sign-out", hint, "")
