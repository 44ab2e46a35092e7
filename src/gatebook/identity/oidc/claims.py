"""Who somebody is, as a provider says it: hostile text until it was cut to shape here. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from gatebook.identity.accounts import is_email, is_group
from gatebook.state.identity_providers import IdentityProviderSpec

_GROUPS_MAX: Final = 200
_TEXT_CHARACTERS_MAX: Final = 300


class Claimed(Struct, frozen=True, kw_only=True):
    """Somebody as a provider knows them. `email` is empty unless the provider says that it has verified it; `keys` are values of `link_claims`."""

    issuer: str
    sub: str
    sid: str | None = None
    email: str = ""
    name: str = ""
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None


def read_claims(spec: IdentityProviderSpec, claims: Mapping[str, Any]) -> Claimed:
    """Take over what is needed of checked claims, which have `sub`."""
    keys = tuple(dict.fromkeys(value for name in spec.link_claims if (value := _text(claims, name))))
    return Claimed(
        issuer=spec.issuer,
        sub=claims["sub"],
        sid=_text(claims, "sid") or None,
        email=_email(claims),
        name=" ".join((_text(claims, "name") or _text(claims, "preferred_username")).split())[:120],
        keys=keys,
        groups=_groups(claims.get(spec.groups_claim)) if spec.groups_claim is not None else None,
    )


def _email(claims: Mapping[str, Any]) -> str:
    # Some providers write the boolean as a text. Anything else, and no word at all, is not verified.
    verified = claims.get("email_verified")
    if verified is not True and verified != "true":
        return ""
    email = _text(claims, "email").lower()
    return email if is_email(email) else ""


def _groups(value: Any) -> tuple[str, ...]:
    """Return the names that can be groups here; a provider that names none has none."""
    listed = value if isinstance(value, list) else [value]
    return tuple(sorted({one for one in listed[:_GROUPS_MAX] if isinstance(one, str) and is_group(one)}))


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or len(value) > _TEXT_CHARACTERS_MAX or not value.isprintable():
        return ""
    return value
