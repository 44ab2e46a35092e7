"""The identity providers of the newest state, each with its metadata, its keys and its endpoints."""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

from gatebook.identity.issuers.fetching import Fetcher, ProviderFault
from gatebook.identity.issuers.keys import KeyRing
from gatebook.identity.issuers.metadata import Metadata, metadata_url, read_metadata
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.references import SecretUnavailable, resolve

METADATA_FRESH_S: Final = 3600.0
_TRY_AGAIN_S: Final = 5.0
_SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")


class Provider:
    """One identity provider. `clock` is monotonic, in seconds."""

    def __init__(self, name: str, spec: IdentityProviderSpec, fetcher: Fetcher, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.spec = spec
        self._fetcher = fetcher
        self._clock = clock
        self._metadata: Metadata | None = None
        self._read_s = 0.0
        self._failed_s: float | None = None
        self._fault: ProviderFault | None = None
        self._turn = asyncio.Lock()
        self._keys = KeyRing(self._jwks, clock)

    @property
    def title(self) -> str:
        """As people know it."""
        return self.spec.title or self.name

    async def metadata(self) -> Metadata:
        """Its endpoints; those of before while it does not answer. Raises ProviderFault."""
        async with self._turn:
            now_s = self._clock()
            if self._metadata is not None and now_s - self._read_s < METADATA_FRESH_S:
                return self._metadata
            if self._failed_s is None or now_s - self._failed_s >= _TRY_AGAIN_S:
                try:
                    self._metadata = read_metadata(await self._fetcher.get(metadata_url(self.spec.issuer)), self.spec.issuer)
                    self._read_s, self._failed_s = self._clock(), None
                except ProviderFault as fault:
                    self._failed_s, self._fault = self._clock(), fault
            if self._metadata is None:
                assert self._fault is not None
                raise self._fault
            return self._metadata

    async def verified(self, token: str, types: tuple[str | None, ...] = ()) -> dict[str, Any]:
        """The claims of a token that this provider has signed; `types` are those of its header that are good, empty: all.

        Raises BadToken, ProviderFault.
        """
        return await self._keys.verified(token, self.spec.algorithms, types)

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code for tokens (RFC 6749, 4.1.3; RFC 7636, 4.5). Raises ProviderFault."""
        metadata = await self.metadata()
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        headers, own = self._credentials(metadata)
        return await self._fetcher.post(metadata.token_endpoint, {**fields, **own}, headers)

    async def userinfo(self, access_token: str) -> dict[str, Any]:
        """Further claims (OpenID Connect Core 1.0, 5.3); empty where the provider has none. Raises ProviderFault."""
        endpoint = (await self.metadata()).userinfo_endpoint
        return await self._fetcher.get(endpoint, access_token) if endpoint is not None else {}

    async def _jwks(self) -> dict[str, Any]:
        return await self._fetcher.get((await self.metadata()).jwks_uri)

    def _credentials(self, metadata: Metadata) -> tuple[dict[str, str], dict[str, str]]:
        """Return headers and fields with which the client says who it is (RFC 6749, 2.3.1)."""
        if self.spec.client_secret is None:
            return {}, {"client_id": self.spec.client_id}
        try:
            secret = resolve(self.spec.client_secret, os.environ)
        except SecretUnavailable as error:
            raise ProviderFault(f"its client secret is not there: {error}") from error
        method = next((one for one in _SECRET_METHODS if one in metadata.auth_methods), None)
        if method is None:
            raise ProviderFault("it takes a client secret neither as client_secret_basic nor as client_secret_post")
        if method == "client_secret_post":
            return {}, {"client_id": self.spec.client_id, "client_secret": secret}
        pair = f"{quote_plus(self.spec.client_id)}:{quote_plus(secret)}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}


class Providers:
    """All providers. `specs` returns those of the newest state by name, so that a change is in force at once."""

    def __init__(self, specs: Callable[[], Mapping[str, IdentityProviderSpec]], fetcher: Fetcher | None = None) -> None:
        self._specs = specs
        self._fetcher = fetcher or Fetcher()
        self._known: dict[str, Provider] = {}

    def all(self) -> list[Provider]:
        """Each provider, by name."""
        specs = self._specs()
        self._known = {name: self._of(name, spec) for name, spec in sorted(specs.items())}
        return list(self._known.values())

    def for_sign_in(self) -> list[Provider]:
        """Those where people may sign in."""
        return [one for one in self.all() if one.spec.sign_in]

    def find(self, name: str) -> Provider | None:
        """The provider of a name, where people may sign in there."""
        return next((one for one in self.for_sign_in() if one.name == name), None)

    def of_issuer(self, issuer: str) -> list[Provider]:
        """Those whose signals are believed, of one issuer: it may have several clients here."""
        return [one for one in self.all() if one.spec.issuer == issuer and one.spec.logout]

    async def close(self) -> None:
        """Close all connections."""
        await self._fetcher.close()

    def _of(self, name: str, spec: IdentityProviderSpec) -> Provider:
        known = self._known.get(name)
        return known if known is not None and known.spec == spec else Provider(name, spec, self._fetcher)
