"""Access tokens of the identity provider itself, for programs: checked by a worker, and led to a service account of the directory.

Never to a person: such a token carries no epoch of ours, so that a cut-off would not void it for good. Nothing is stored. A token that was checked is
believed for a minute at most, the account is looked up each time.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from gatebook.identity import signed_tokens
from gatebook.identity.directory import Principal, Refusal, make_principal
from gatebook.identity.issuers.keys import IssuerKeys
from gatebook.identity.signed_tokens import BadToken
from gatebook.identity.tokens import digest
from gatebook.record.parts import Actor
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.snapshot import Snapshot

# RFC 9068 section 2.1; what providers that came before it write.
_TYPES: Final = (None, "at+jwt", "application/at+jwt", "jwt")
_BELIEVED_S: Final = 60.0
_KEPT_MAX: Final = 1000
_NOBODY: Final = Actor(subject="-", kind="anonymous", auth="none")


class _Checked(Struct, frozen=True):
    until_s: float
    provider: IdentityProviderSpec
    claims: dict[str, Any]


class Machines:
    """Knows programs by the tokens of their identity provider. `subject_of` makes the pseudonym of a person's id."""

    def __init__(self, subject_of: Callable[[str], str], keys: IssuerKeys | None = None) -> None:
        self._subject_of = subject_of
        self._keys = keys or IssuerKeys()
        self._checked: OrderedDict[str, _Checked] = OrderedDict()

    def looks_like(self, authorization: str | None, snapshot: Snapshot) -> bool:
        """Whether a header may hold such a token, and some provider's are accepted."""
        token = _token(authorization)
        return signed_tokens.looks_signed(token) and any(spec.machines is not None for spec in snapshot.providers.values())

    async def identify(self, authorization: str, snapshot: Snapshot, resource: str, now_s: float) -> Principal | Refusal:
        """The service account of a token. `resource` is the address that is asked for, `now_s` the wall clock."""
        try:
            provider, claims = await self._check(_token(authorization), snapshot.providers, resource, now_s)
        except BadToken as error:
            return Refusal(reason=error.reason, actor=_NOBODY)
        assert provider.machines is not None
        named = claims.get(provider.machines.person_claim)
        person = snapshot.people.get(named.lower()) if isinstance(named, str) else None
        if person is None or person.kind != "service":
            return Refusal(reason="unknown", actor=_NOBODY)
        principal = make_principal(person, self._subject_of(person.id), "provider")
        return principal if person.active else Refusal(reason="inactive", actor=principal.actor, identity=principal.identity)

    async def _check(
        self, text: str, providers: Mapping[str, IdentityProviderSpec], resource: str, now_s: float
    ) -> tuple[IdentityProviderSpec, dict[str, Any]]:
        sha256 = digest(text)
        known = self._checked.get(sha256)
        if known is not None and now_s < known.until_s and known.provider in providers.values():
            provider, claims = known.provider, known.claims
        else:
            provider, claims = await self._verified(text, providers)
            self._checked[sha256] = _Checked(min(now_s + _BELIEVED_S, _number(claims.get("exp"))), provider, claims)
            while len(self._checked) > _KEPT_MAX:
                self._checked.popitem(last=False)
        assert provider.machines is not None
        signed_tokens.check_claims(claims, provider.issuer, provider.machines.audiences or (resource,), now_s)
        return provider, claims

    async def _verified(self, text: str, providers: Mapping[str, IdentityProviderSpec]) -> tuple[IdentityProviderSpec, dict[str, Any]]:
        header, said = signed_tokens.peek(text)
        provider = next((one for one in providers.values() if one.machines is not None and one.issuer == said.get("iss")), None)
        if provider is None:
            raise BadToken("its issuer is no identity provider whose tokens are accepted here", "issuer")
        kind = header.get("typ")
        # A nonce is in ID tokens only, which are for Gatebook's own sign-in and no key to it.
        if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES or "nonce" in said:
            raise BadToken("it is no access token", "malformed")
        return provider, await self._keys.claims(text, provider.issuer, provider.algorithms)


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
