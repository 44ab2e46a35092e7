"""How long a directory takes: people and groups from empty, a large group changed, and a user looked for among many.

`python -m bench.provisioning --people 5000 --groups 200`: over one kept connection, as directories send, against a real book and real state on disk.
The ratio compares with what the disk takes for as many durable writes, so that it means the same on any machine.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2 as httpx
from starlette.applications import Starlette

from gatebook.control.key_files import create_keys, read_master_key
from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.scim.directory_tokens import DirectoryToken, add_directory_token
from gatebook.identity.scim.endpoint import ScimDeps, routes
from gatebook.identity.scim.visits import Visits
from gatebook.identity.tokens import make_token
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.settings import Settings
from gatebook.state.store import Store

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_SYNC_WRITES = 200


class NobodyServes:
    """The barrier of a deployment without workers."""

    async def reached(self, revision: int, cut_offs: Any = ()) -> list[Any]:
        """Nobody is to be waited for."""
        return []


def main() -> int:
    """Run and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--groups", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        print(json.dumps(asyncio.run(measure(Path(directory), args.people, args.groups)), indent=1))
    return 0


async def measure(directory: Path, people: int, groups: int) -> dict[str, float]:
    """Provision from empty in a new deployment; returns seconds and milliseconds by name."""
    settings = Settings(data_dir=directory / "data")
    settings.data_dir.mkdir(mode=0o700)
    create_keys(settings)
    store = Store.open(settings.state_path)
    vault = Vault(settings.keys_dir, read_master_key(settings))
    book = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    journal, barrier = Journal(store, book, vault.subject), NobodyServes()
    secret = make_token(bytes(32), "directory")
    with store.write() as connection:
        made = DirectoryToken(id="scim_bench", prefix="", name="bench", created_by="bench", created_us=time.time_ns() // 1000)
        add_directory_token(connection, secret, made)
    visits = Visits(journal)
    deps = ScimDeps(journal=journal, cutting=Cutting(journal, barrier), visits=visits, base_url="http://bench")
    try:
        transport = httpx.ASGITransport(app=Starlette(routes=routes(deps)))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bench/scim/v2", headers={"Authorization": f"Bearer {secret}"}
        ) as client:
            return {**await _provision(client, people, groups), "disk_sync_ms": round(_sync_ms(directory), 3)}
    finally:
        await visits.stop()
        book.close()
        store.close()


async def _provision(client: Any, people: int, groups: int) -> dict[str, float]:
    began_s, cpu_s = time.monotonic(), time.process_time()
    ids = []
    for number in range(people):
        answer = await client.post("/Users", json=_user(number))
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
        _tell("people", number + 1, people, began_s)
    for number in range(groups):
        members = [{"value": id} for id in ids[number :: max(1, groups)][:50]]
        body = {"schemas": [GROUP], "displayName": f"Group {number}", "members": members}
        answer = await client.post("/Groups", json=body)
        assert answer.status_code == 201, answer.text
        _tell("groups", number + 1, groups, began_s)
    total_s = time.monotonic() - began_s
    found = {
        "provisioned_s": total_s,
        "per_request_ms": total_s * 1000 / (people + groups),
        "per_request_cpu_ms": (time.process_time() - cpu_s) * 1000 / (people + groups),
    }
    everybody = [{"value": id} for id in ids]
    answer = await client.post("/Groups", json={"schemas": [GROUP], "displayName": "Everybody"})
    path = f"/Groups/{answer.json()['id']}"
    for name, operation in (
        ("group_filled_s", {"op": "add", "path": "members", "value": everybody}),
        ("group_one_less_s", {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}),
        ("group_emptied_s", {"op": "Remove", "path": "members", "value": everybody}),
    ):
        found[name] = await _timed(client, "PATCH", path, {"schemas": [PATCH], "Operations": [operation]})
    found["group_put_s"] = await _timed(client, "PUT", path, {"schemas": [GROUP], "displayName": "Everybody", "members": everybody})
    for name, asked in (
        ("user_name_eq_ms", 'userName eq "person7@example.com"'),
        ("email_eq_ms", 'emails[type eq "work"].value eq "person8@example.com"'),
        ("title_eq_ms", 'title eq "nothing"'),
    ):
        times = [await _timed(client, "GET", f"/Users?filter={asked}") for _ in range(7)]
        found[name] = sorted(times)[3] * 1000
    found["page_of_100_ms"] = sorted([await _timed(client, "GET", "/Users?count=100&startIndex=1001") for _ in range(7)])[3] * 1000
    return {name: round(value, 3) for name, value in found.items()}


async def _timed(client: Any, method: str, path: str, body: Any = None) -> float:
    began_s = time.monotonic()
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - began_s


def _user(number: int) -> dict[str, Any]:
    address = f"person{number}@example.com"
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": address,
        "externalId": f"{number:08x}-0000-4000-8000-000000000000",
        "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
        "displayName": f"Given{number} Family{number}",
        "emails": [{"value": address, "type": "work", "primary": True}],
        "active": True,
        ENTERPRISE: {"department": f"Department {number % 40}"},
    }


def _sync_ms(directory: Path) -> float:
    with (directory / "probe").open("wb") as file:
        began_s = time.monotonic()
        for _ in range(_SYNC_WRITES):
            file.write(b"x" * 512)
            file.flush()
            os.fdatasync(file.fileno())
        return (time.monotonic() - began_s) * 1000 / _SYNC_WRITES


def _tell(what: str, done: int, of: int, began_s: float) -> None:
    if done % 250 == 0 or done == of:
        print(f"{what} {done}/{of}, {time.monotonic() - began_s:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
