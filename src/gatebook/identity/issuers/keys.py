"""The keys with which issuers sign: fetched once, again when a key is not known, and kept while the issuer does not answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from gatebook.identity.issuers.fetching import Fetcher, ProviderFault
from gatebook.identity.issuers.metadata import metadata_url, read_keys_address
from gatebook.identity.signed_tokens import BadToken, TokenHeader, pick, read_header, usable, verify

if TYPE_CHECKING:
    from joserfc.jwk import Key

FLOOR_S: Final = 30.0
"""At most one fetch in so many seconds, whatever tokens ask for."""
FRESH_S: Final = 10 * 60.0
"""Keys that are older are fetched anew, so that one that was withdrawn is not believed for long."""
KEPT_S: Final = 24 * 3600.0
"""Keys that are older than this are no longer believed, should the issuer not have answered since."""
_KEYS_MAX: Final = 100
_FAILED_FLOOR_S: Final = 5.0
_TIMEOUT_S: Final = 5.0


class KeyRing:
    """The keys of one issuer. `fetch` returns its JWKS; `clock` is monotonic, in seconds."""

    def __init__(self, fetch: Callable[[], Awaitable[Mapping[str, Any]]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: tuple[Key, ...] = ()
        self._fetched_s: float | None = None
        self._tried_s: float | None = None
        self._turn = asyncio.Lock()

    async def verified(self, text: str, algorithms: Collection[str], types: Collection[str | None] = ()) -> dict[str, Any]:
        """The claims of a token that the issuer has signed; `types` as for `read_header`. Raises BadToken, and ProviderFault where no keys can be had."""
        header = read_header(text, algorithms, types)
        return verify(text, header, await self.find(header))

    async def find(self, header: TokenHeader) -> "Key | None":
        """The key that a header means. Raises ProviderFault where none can be had."""
        if (found := self._fresh(header)) is not None:
            return found
        async with self._turn:  # one question at a time: many callers with the same new key ask once
            if (found := self._fresh(header)) is not None:
                return found
            await self._refresh()
            return pick(self._keys, header)

    def _fresh(self, header: TokenHeader) -> "Key | None":
        return pick(self._keys, header) if self._age_s() <= FRESH_S else None

    def _age_s(self) -> float:
        return self._clock() - self._fetched_s if self._fetched_s is not None else float("inf")

    async def _refresh(self) -> None:
        floor_s = FLOOR_S if self._fetched_s is not None else _FAILED_FLOOR_S
        if self._tried_s is not None and self._clock() - self._tried_s < floor_s:
            if self._age_s() > KEPT_S:
                raise ProviderFault("its keys could not be fetched", down=True)
            return
        self._tried_s = self._clock()
        try:
            keys = read_keys(await self._fetch())
        except ProviderFault:
            if self._age_s() > KEPT_S:
                raise
            return
        self._keys, self._fetched_s = keys, self._clock()


class IssuerKeys:
    """The keys of issuers whose tokens are taken here, without more of them than their address."""

    def __init__(self, get: Callable[[str], Awaitable[dict[str, Any]]] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`get` reads the JSON object at an address and raises ProviderFault; its own unless tests bring one. `clock` is monotonic, in seconds."""
        self._get = get or _get
        self._clock = clock
        self._rings: dict[str, KeyRing] = {}

    async def claims(self, text: str, issuer: str, algorithms: Collection[str]) -> dict[str, Any]:
        """The claims of a token that the issuer has signed. Raises BadToken."""
        if issuer not in self._rings:
            self._rings[issuer] = KeyRing(lambda: self._fetch(issuer), self._clock)
        try:
            return await self._rings[issuer].verified(text, algorithms)
        except ProviderFault:
            raise BadToken("the keys of its issuer cannot be read now", "keys") from None

    async def _fetch(self, issuer: str) -> dict[str, Any]:
        return await self._get(read_keys_address(await self._get(metadata_url(issuer)), issuer))


def read_keys(raw: Mapping[str, Any]) -> tuple["Key", ...]:
    """The keys of a JWKS that can verify a signature; others are left out. Raises ProviderFault when it is none."""
    listed = raw.get("keys")
    if not isinstance(listed, list) or len(listed) > _KEYS_MAX:
        raise ProviderFault("its key set is not one")
    return usable(listed)


async def _get(url: str) -> dict[str, Any]:
    fetcher = Fetcher(_TIMEOUT_S)
    try:
        return await fetcher.get(url)
    finally:
        await fetcher.close()
