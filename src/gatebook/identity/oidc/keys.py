"""The keys with which a provider signs: fetched once, again when a key is not known, and kept while the provider does not answer."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from gatebook.identity.oidc.problems import ProviderFault, TokenFault

FLOOR_S: Final = 30.0
"""At most one fetch in so many seconds, whatever tokens ask for."""
FRESH_S: Final = 15 * 60.0
"""Keys that are older are fetched anew, so that one that was withdrawn is not believed for long."""
KEPT_S: Final = 24 * 3600.0
"""Keys that are older than this are no longer believed, should the provider not have answered since."""
_KEYS_MAX: Final = 100
_FAILED_FLOOR_S: Final = 5.0


class KeyRing:
    """The keys of one provider. `fetch` returns its JWKS; `clock` is monotonic, in seconds."""

    def __init__(self, fetch: Callable[[], Any], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: tuple[Key, ...] = ()
        self._fetched_s: float | None = None
        self._tried_s: float | None = None
        self._turn = asyncio.Lock()

    async def find(self, kid: str | None, alg: str) -> Key:
        """The key of a header. Raises TokenFault where there is none, ProviderFault where none can be had."""
        async with self._turn:
            found = self._look(kid, alg) if self._age_s() <= FRESH_S else None
            if found is None:
                await self._refresh()
                found = self._look(kid, alg)
        if found is None:
            raise TokenFault("it is signed with a key that the provider does not publish")
        return found

    def _look(self, kid: str | None, alg: str) -> Key | None:
        fitting = [key for key in self._keys if (kid is None or key.kid == kid) and key.alg in (None, alg) and _suits(key, alg)]
        # Without a kid only a single key that fits leaves no doubt (OpenID Connect Core 1.0, 10.1).
        return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None

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


def read_keys(raw: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys of a JWKS that can verify a signature; others are left out. Raises ProviderFault when it is none."""
    listed = raw.get("keys")
    if not isinstance(listed, list) or len(listed) > _KEYS_MAX:
        raise ProviderFault("its key set is not one")
    found: list[Key] = []
    for one in listed:
        # A symmetric key in a public document is known to everybody.
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC", "OKP") or one.get("use", "sig") != "sig":
            continue
        if not all(isinstance(one.get(name), str | None) for name in ("kid", "alg", "crv")):
            continue
        try:
            found.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return tuple(found)


def _suits(key: Key, alg: str) -> bool:
    return key.key_type == {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}.get(alg[:2])
