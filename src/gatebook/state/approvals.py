"""Approvals of single calls, and requests for access. Plain reading and writing in the caller's transaction.

A call that waits for approval is a record of the log; only what somebody decided about it is kept here.
"""

import hmac
import json
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update

from gatebook.state.schema import access_requests, approvals

ARGUMENTS_KEY = "arguments 1"
"""What `Vault.derive` is asked for: the key of `arguments_digest`."""

RequestState = Literal["open", "granted", "declined", "withdrawn", "revoked"]


class Approval(Struct, frozen=True, kw_only=True):
    """What was decided about a call that waits: bound to person, connector, tool and the hash of its arguments.

    `call`: id of the record that waits. `rules`: ids of the policies that asked. `single_use`: it is good for one call; else for all equal
    ones until `until_us`. Times in microseconds since 1970.
    """

    call: str
    person: str
    connector: str
    tool: str
    arguments_sha256: str
    rules: tuple[str, ...]
    decision: Literal["approved", "declined"]
    single_use: bool
    until_us: int
    decided_by: str
    decided_us: int
    reason: str | None = None
    used_us: int | None = None


class AccessRequest(Struct, frozen=True, kw_only=True):
    """Somebody asks for what was denied. `call`: id of the refused record; `rules`: the policies that denied, none where nothing allowed it.

    Granted, it holds until `until_us`. Times in microseconds since 1970.
    """

    id: str
    call: str
    person: str
    connector: str
    tool: str
    rules: tuple[str, ...]
    reason: str
    asked_us: int
    state: RequestState = "open"
    decided_by: str | None = None
    decided_us: int | None = None
    decision_reason: str | None = None
    until_us: int | None = None


def arguments_digest(key: bytes, arguments: bytes) -> str:
    """Keyed digest of arguments, hex: HMAC-SHA256 over canonical JSON, so that a client may write them in another order when it repeats the call.

    What is no JSON is taken as it is. Keyed, because arguments can be guessed.
    """
    try:
        canonical = json.dumps(json.loads(arguments or b"{}"), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    except (ValueError, RecursionError):
        canonical = arguments
    return hmac.digest(key, canonical, "sha256").hex()


def put_approval(connection: Connection, approval: Approval) -> None:
    """Store a decision about a call. Raises IntegrityError (of the database) when there is one already."""
    connection.execute(insert(approvals).values(**_values(approval)))


def find_approval(connection: Connection, call: str) -> Approval | None:
    """What was decided about a call."""
    row = connection.execute(select(approvals).where(approvals.c.call == call)).mappings().first()
    return _approval(row) if row else None


def find_equal(connection: Connection, approval: Approval) -> Approval | None:
    """The last decision about an equal call (same person, connector, tool and arguments) that was made at or after `approval.decided_us`."""
    same = [approvals.c[name] == getattr(approval, name) for name in ("person", "connector", "tool", "arguments_sha256")]
    query = select(approvals).where(*same, approvals.c.decided_us >= approval.decided_us).order_by(approvals.c.decided_us.desc())
    row = connection.execute(query.limit(1)).mappings().first()
    return _approval(row) if row else None


def find_decision(connection: Connection, approval: Approval) -> Approval | None:
    """What was decided about this call, else about an equal one, as `find_equal` looks for it; calls whose arguments cannot be read have none."""
    found = find_approval(connection, approval.call)
    return find_equal(connection, approval) if found is None and approval.arguments_sha256 else found


def read_approvals(connection: Connection, since_us: int = 0) -> list[Approval]:
    """All decisions that were made since then, newest first."""
    query = select(approvals).where(approvals.c.decided_us >= since_us).order_by(approvals.c.decided_us.desc(), approvals.c.call)
    return [_approval(row) for row in connection.execute(query).mappings()]


def read_usable_approvals(connection: Connection, now_us: int) -> list[Approval]:
    """The approvals that a call may still use: approved, not over, and not used where one use is all."""
    unused = (approvals.c.single_use == 0) | approvals.c.used_us.is_(None)
    query = select(approvals).where(approvals.c.decision == "approved", approvals.c.until_us > now_us, unused)
    return [_approval(row) for row in connection.execute(query).mappings()]


def use_approval(connection: Connection, call: str, now_us: int) -> bool:
    """Mark an approval as used; False when another call has used it, or it is over. Exactly one of two at the same time gets True."""
    free = (approvals.c.single_use == 0) | approvals.c.used_us.is_(None)
    usable = (approvals.c.call == call) & (approvals.c.decision == "approved") & (approvals.c.until_us > now_us) & free
    return connection.execute(update(approvals).where(usable).values(used_us=now_us)).rowcount == 1


def put_request(connection: Connection, request: AccessRequest) -> None:
    """Store a request; it replaces the one of the same id."""
    values = _values(request)
    if connection.execute(update(access_requests).where(access_requests.c.id == request.id).values(**values)).rowcount == 0:
        connection.execute(insert(access_requests).values(**values))


def find_request(connection: Connection, id: str) -> AccessRequest | None:
    """One request."""
    row = connection.execute(select(access_requests).where(access_requests.c.id == id)).mappings().first()
    return _request(row) if row else None


def find_request_of(connection: Connection, call: str) -> AccessRequest | None:
    """The request that was made about a refused call."""
    query = select(access_requests).where(access_requests.c.call == call).order_by(access_requests.c.asked_us.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return _request(row) if row else None


def read_requests(connection: Connection, person: str | None = None) -> list[AccessRequest]:
    """Requests of one person or of all, newest first."""
    query = select(access_requests).order_by(access_requests.c.asked_us.desc(), access_requests.c.id)
    if person is not None:
        query = query.where(access_requests.c.person == person)
    return [_request(row) for row in connection.execute(query).mappings()]


def read_grants(connection: Connection, now_us: int) -> list[AccessRequest]:
    """The granted requests that are not over."""
    query = select(access_requests).where(access_requests.c.state == "granted", access_requests.c.until_us > now_us)
    return [_request(row) for row in connection.execute(query.order_by(access_requests.c.id)).mappings()]


def _values(stored: Approval | AccessRequest) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(stored, name) for name in stored.__struct_fields__}
    values["rules"] = json.dumps(stored.rules)
    if isinstance(stored, Approval):
        values["single_use"] = int(stored.single_use)
    return values


def _approval(row: RowMapping) -> Approval:
    return Approval(**{**row, "rules": tuple(json.loads(row["rules"])), "single_use": bool(row["single_use"])})


def _request(row: RowMapping) -> AccessRequest:
    return AccessRequest(**{**row, "rules": tuple(json.loads(row["rules"]))})
