"""Who somebody is: the right person, or nobody."""

import secrets
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from gatebook.control.barrier import Barrier
from gatebook.identity import accounts, sessions
from gatebook.identity.cutting import Cutting
from gatebook.identity.oidc.problems import SignInProblem
from gatebook.identity.scim.directory_tokens import DirectoryToken, add_directory_token, revoke_directory_token
from gatebook.identity.scim.endpoint import ScimDeps
from gatebook.identity.scim.endpoint import routes as scim_routes
from gatebook.identity.scim.visits import Visits
from gatebook.identity.subjects import person_of_email
from gatebook.identity.tokens import make_token
from gatebook.record.body_access import SignInFailed
from tests.identity.oidc.conftest import CONSOLE, House
from tests.identity.oidc.forge import Forge

ANA = {"email": "ana@corp.example", "email_verified": True, "name": "Ana  Lima"}


ANA_OF_SCIM = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ana@corp.example",
    "externalId": "s-1",
    "emails": [{"value": "ana@corp.example", "type": "work", "primary": True}],
}


async def directory(house: House, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the directory does, by SCIM."""
    secret = make_token(secrets.token_bytes(32), "directory")
    made = DirectoryToken(id=f"scim_{secrets.token_hex(6)}", prefix="", name="", created_by="root", created_us=1)
    with house.store.write() as connection:
        add_directory_token(connection, secret, made)
    cutting = Cutting(house.journal, Barrier(house.store, "", lambda _: None))
    deps = ScimDeps(journal=house.journal, cutting=cutting, visits=Visits(house.journal), base_url=CONSOLE)
    transport = httpx2.ASGITransport(app=Starlette(routes=scim_routes(deps)))
    async with httpx2.AsyncClient(transport=transport, base_url=CONSOLE, headers={"authorization": f"Bearer {secret}"}) as client:
        answer = await client.request(method, f"/scim/v2{path}", json=body)
    with house.store.write() as connection:
        revoke_directory_token(connection, made.id, 2)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


def local(house: House, **wanted: Any) -> None:
    """An account that was made by hand."""
    with house.store.write() as connection:
        accounts.put_person(connection, accounts.Wanted(**wanted), 1)


async def reason(house: House, forge: Forge) -> str:
    """Why somebody is not let in."""
    with pytest.raises(SignInProblem) as caught:
        await house.enter(forge)
    return caught.value.reason


async def test_an_address_leads_to_provisioned_people_only(house: House, forge: Forge) -> None:
    """Verified, and one whom the directory sent: never to an account that was made by hand (nOAuth)."""
    forge.claims = ANA
    local(house, id="ana@corp.example", groups=("admins",))
    assert await reason(house, forge) == "address_taken"
    house.specs["corp"] = forge.spec(create_people=True)
    assert await reason(house, forge) == "address_taken"
    house.provision("lima", email="ana@corp.example")
    assert (await house.enter(forge)).principal.person == "lima"


@pytest.mark.parametrize("claims", [{**ANA, "email_verified": False}, {"email": ANA["email"]}])
async def test_an_address_that_was_not_verified_leads_nowhere(house: House, forge: Forge, claims: dict[str, Any]) -> None:
    """Whoever can write it at the provider would be anybody."""
    house.provision("lima", email="ana@corp.example")
    forge.claims = claims
    assert await reason(house, forge) == "unknown_person"
    house.specs["corp"] = forge.spec(link_email=False)
    forge.claims = ANA
    assert await reason(house, forge) == "unknown_person"


async def test_who_was_deleted_is_found_by_nothing_and_leaves_nothing_to_who_comes_after(house: House, forge: Forge) -> None:
    """Deleted by the directory: neither subject, externalId nor address lead to them. The directory's next user of the same names is somebody else."""
    forge.claims = ANA
    before = await directory(house, "POST", "/Users", ANA_OF_SCIM)
    entered = await house.enter(forge)
    with house.store.write() as connection:
        accounts.put_person(connection, accounts.Wanted(id=entered.principal.person, groups=("security",)), 1)
    await directory(house, "DELETE", f"/Users/{before['id']}")
    assert await reason(house, forge) == "unknown_person"
    with house.store.read() as connection:
        assert person_of_email(connection, "ana@corp.example", forge.issuer, provisioned=True) is None
        assert sessions.find_session(connection, entered.secret, house.clock.wall_us()) is None
    await directory(house, "POST", "/Users", ANA_OF_SCIM)
    again = await house.enter(forge)
    assert again.principal.person != entered.principal.person and again.principal.groups == ()


async def test_a_provider_that_makes_people_makes_a_new_one_for_who_was_deleted(house: House, forge: Forge) -> None:
    """And not the old one again, with their groups and calls."""
    forge.claims = ANA
    before = await directory(house, "POST", "/Users", ANA_OF_SCIM)
    entered = await house.enter(forge)
    await directory(house, "DELETE", f"/Users/{before['id']}")
    house.specs["corp"] = forge.spec(create_people=True)
    assert (await house.enter(forge)).principal.person != entered.principal.person


async def test_an_external_id_of_a_local_account_leads_nowhere(house: House, forge: Forge) -> None:
    """Only the directory says who has which."""
    local(house, id="root")
    house.sql("UPDATE people SET external_id = 's-1'")
    assert await reason(house, forge) == "unknown_person"


async def test_the_first_claim_that_is_named_links(house: House, forge: Forge) -> None:
    """`oid` for Entra, whose `sub` differs from client to client; nothing links by a claim that is not named."""
    house.provision("ana", "oid-1")
    forge.claims = {"oid": "oid-1", "sub": "pairwise"}
    house.specs["corp"] = forge.spec(link_claims=("sub",))
    assert await reason(house, forge) == "unknown_person"
    house.specs["corp"] = forge.spec()
    assert (await house.enter(forge)).principal.person == "ana"


async def test_two_people_with_one_external_id_are_nobody(house: House, forge: Forge) -> None:
    """Nobody guesses which."""
    house.provision("ana", "s-1")
    house.provision("bob", "s-1")
    assert await reason(house, forge) == "ambiguous"


async def test_inactive_people_are_refused_with_a_sentence_and_on_the_record(house: House, forge: Forge) -> None:
    """The first time and ever after; who it would have been is in the payload, not in the core."""
    house.provision("ana", "s-1")
    house.sql("UPDATE people SET active = 0")
    forge.claims = ANA
    for _ in range(2):
        assert await reason(house, forge) == "inactive"
        body, parts = house.recorded()[-1]
        assert isinstance(body, SignInFailed) and "ana@corp" not in repr(body) and b"ana@corp.example" in parts["identity"]
        house.sql("UPDATE people SET active = 1")
        await house.enter(forge)
        house.sql("UPDATE people SET active = 0")


async def test_whoever_was_deleted_and_comes_again_is_the_new_person(house: House, forge: Forge) -> None:
    """The old link is replaced."""
    house.provision("old", "s-1")
    await house.enter(forge)
    house.sql("UPDATE people SET active = 0, deleted_us = 5 WHERE id = 'old'")
    assert await reason(house, forge) == "unknown_person"
    house.provision("new", "s-1")
    assert (await house.enter(forge)).principal.person == "new"
    assert house.sql("SELECT person FROM identities") == [("new",)]


async def test_people_are_made_where_the_resource_says_so(house: House, forge: Forge) -> None:
    """Under their verified address; without one, under a name that nobody else can have. On the record."""
    house.specs["corp"] = forge.spec(create_people=True)
    forge.claims = ANA
    entered = await house.enter(forge)
    assert (entered.principal.person, entered.principal.name, entered.principal.groups) == ("ana@corp.example", "Ana Lima", ())
    forge.claims = {"sub": "s-2", "email": "root@corp.example", "name": "\u202eevil\x00"}
    other = await house.enter(forge)
    assert other.principal.person.startswith("corp-") and other.principal.email == "" and other.principal.name == "corp"
    kinds = [(getattr(body, "kind", ""), getattr(body, "linked", "")) for body, _ in house.recorded()]
    assert kinds == [("Person", ""), ("", "created"), ("Person", ""), ("", "created")]


async def test_groups_of_the_provider_come_and_go_beside_those_given_by_hand(house: House, forge: Forge) -> None:
    """For people whom no directory keeps; each change is on the record."""
    house.specs["corp"] = forge.spec(create_people=True, groups_claim="roles")
    forge.claims = {**ANA, "roles": ["sales", "admins"]}
    assert (await house.enter(forge)).principal.groups == ("admins", "sales")
    local(house, id="ana@corp.example", groups=("admins", "sales", "by-hand"))
    forge.claims["roles"] = ["sales"]
    assert (await house.enter(forge)).principal.groups == ("by-hand", "sales")
    del forge.claims["roles"]
    assert (await house.enter(forge)).principal.groups == ("by-hand",)
    changed = [body for body, _ in house.recorded() if getattr(body, "kind", "") == "Person"]
    assert [body.action for body in changed] == ["created", "changed", "changed", "changed"]


async def test_groups_of_people_whom_a_directory_keeps_are_the_directory_s(house: House, forge: Forge) -> None:
    """A claim of the provider changes nothing."""
    house.provision("ana", "s-1")
    house.specs["corp"] = forge.spec(groups_claim="roles")
    forge.claims = {"roles": ["admins"]}
    assert (await house.enter(forge)).principal.groups == ()


async def test_one_issuer_does_not_speak_for_another(house: House, forge: Forge) -> None:
    """The same subject at two issuers is two people."""
    house.provision("ana", "s-1")
    await house.enter(forge)
    house.sql(f"UPDATE identities SET issuer = 'https://{secrets.token_hex(4)}.example'")
    house.specs["corp"] = forge.spec(link_claims=("oid",))
    assert await reason(house, forge) == "unknown_person"
