"""People as SCIM users: a row of the table of people to a resource and back.

Columns hold what the product decides by; `body` is the resource as the directory wrote it. The two differ where somebody else has a say: a person
whom an administrator has cut off is inactive here although the directory says `active`, until the directory itself takes that back and says it anew.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from scim2_models import InvalidValueException, Resource
from sqlalchemy import RowMapping

from gatebook.identity.accounts import can_be_id
from gatebook.identity.scim.catalog import ENTERPRISE_SCHEMA, USER

_BODY_BYTES_MAX: Final = 64 * 1024
_NAME_CHARACTERS_MAX: Final = 256
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_NOT_KEPT: Final = ("id", "meta", "groups", "password")


class Facts(Struct, frozen=True, kw_only=True):
    """What of a user has a column. `active` None: the directory says nothing of it. `manager` is the SCIM id that the directory gave."""

    user_name: str
    external_id: str | None
    email: str
    name: str
    active: bool | None
    manager: str | None
    department: str | None
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """The resource as stored."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))

    @property
    def keys(self) -> set[tuple[str, str]]:
        """What the user is searched by: attribute and comparable value."""
        found = {("emails", comparable(one["value"])) for one in self.body.get("emails", ()) if isinstance(one.get("value"), str)}
        return found | ({("displayname", comparable(self.body["displayName"]))} if self.body.get("displayName") else set())


def comparable(text: str) -> str:
    """A string in the form in which strings that are not case-exact are compared, as `scim2_models.default_comparison_key` makes it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def exact(text: str) -> str:
    """The same for case-exact strings."""
    return unicodedata.normalize("NFC", text)


def facts_of(user: Resource[Any]) -> Facts:
    """Read what is stored from a validated user. Raises InvalidValueException."""
    body = {name: value for name, value in json.loads(user.model_dump_json(exclude_none=True)).items() if name not in _NOT_KEPT}
    user_name = body.get("userName", "").strip()
    if not user_name or len(user_name) > _NAME_CHARACTERS_MAX:
        raise InvalidValueException(detail=f"userName must have 1 to {_NAME_CHARACTERS_MAX} characters")
    facts = Facts(
        user_name=user_name,
        external_id=exact(body["externalId"]) if body.get("externalId") else None,
        email=_email(body, user_name),
        name=_name(body, user_name),
        active=body.get("active"),
        manager=((body.get(ENTERPRISE_SCHEMA) or {}).get("manager") or {}).get("value"),
        department=(body.get(ENTERPRISE_SCHEMA) or {}).get("department"),
        body=body,
    )
    if len(facts.text.encode()) > _BODY_BYTES_MAX:
        raise InvalidValueException(detail=f"a user must not be larger than {_BODY_BYTES_MAX // 1024} KiB")
    return facts


def user_of(model: type[Resource[Any]], row: RowMapping, groups: Iterable[tuple[str, str]] = ()) -> Resource[Any]:
    """Make the resource of a row. `groups` are id and name of each group that the person is in."""
    body = json.loads(row["body"])
    memberships = [{"value": id, "$ref": f"Groups/{id}", "display": name, "type": "direct"} for id, name in groups]
    if memberships:
        body["groups"] = memberships
    return model.model_validate({**body, "id": row["scim_id"], "meta": meta_of(USER, row)})


def meta_of(kind: str, row: RowMapping) -> dict[str, Any]:
    """The `meta` of a stored resource."""
    return {
        "resourceType": kind,
        "created": moment(row["created_us"]),
        "lastModified": moment(row["changed_us"]),
        "version": f'W/"{row["version"]}"',
    }


def moment(time_us: int) -> str:
    """A time as SCIM writes it."""
    return datetime.fromtimestamp(time_us / 1_000_000, UTC).isoformat()


def wished_id(facts: Facts) -> str | None:
    """The id that the product would know a new person by: the user name where it can be one, else the address."""
    wished = (name.lower() for name in (facts.user_name, facts.email))
    return next((name for name in wished if can_be_id(name)), None)


def lines(facts: Facts | None) -> str:
    """The resource as lines, for the difference between two."""
    return "" if facts is None else json.dumps(facts.body, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _email(body: Mapping[str, Any], user_name: str) -> str:
    emails = [one for one in body.get("emails", ()) if isinstance(one.get("value"), str)]
    ordered = sorted(emails, key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    candidates = [*(one["value"] for one in ordered), user_name]
    return next((text.strip().lower() for text in candidates if _EMAIL.fullmatch(text.strip())), "")


def _name(body: Mapping[str, Any], user_name: str) -> str:
    name = body.get("name") or {}
    parts = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    text = body.get("displayName") or name.get("formatted") or parts or user_name
    return " ".join(str(text).split())[:_NAME_CHARACTERS_MAX]
