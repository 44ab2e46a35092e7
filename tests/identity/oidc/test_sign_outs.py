"""Sign-out at the provider: where to, with what, and for whom not."""

from urllib.parse import parse_qs, urlsplit

import pytest

from gatebook.identity.oidc.sign_outs import WayOut
from tests.identity.oidc.conftest import CONSOLE, House
from tests.identity.oidc.forge import CLIENT, Forge


def told(way_out: WayOut | None) -> dict[str, str]:
    """What the provider is told."""
    assert way_out is not None and way_out.address is not None
    return {name: values[0] for name, values in parse_qs(urlsplit(way_out.address).query).items()}


async def entered(house: House, forge: Forge, **spec: object) -> str:
    """Somebody has signed in; what their browser keeps."""
    forge.metadata.setdefault("end_session_endpoint", f"{forge.issuer}/end")
    house.specs["corp"] = forge.spec(**{"end_session": True, "title": "Corp", **spec})
    house.provision("ana", "s-1")
    return (await house.enter(forge)).hint


async def test_the_provider_is_told_who_signs_out_of_what(house: House, forge: Forge) -> None:
    """RP-Initiated Logout 1.0, section 2: id_token_hint, client_id, post_logout_redirect_uri and state; the cookie shows none of it."""
    hint = await entered(house, forge)
    way_out = await house.sign_ins.outs.way_out(hint)
    assert way_out is not None and (way_out.title, str(way_out.address).partition("?")[0]) == ("Corp", f"{forge.issuer}/end")
    said = told(way_out)
    assert (said["client_id"], said["post_logout_redirect_uri"]) == (CLIENT, f"{CONSOLE}/login")
    assert said["id_token_hint"].count(".") == 2 and said["id_token_hint"] not in hint
    assert house.sign_ins.outs.came_back(hint, said["state"]) == "Corp"


async def test_only_with_its_own_state_does_a_browser_come_back(house: House, forge: Forge) -> None:
    """Another sign-out's state, none, and none of ours are no news."""
    hint, other = await entered(house, forge), (await house.enter(forge)).hint
    state = told(await house.sign_ins.outs.way_out(other))["state"]
    for kept, said in ((hint, state), (hint, ""), ("", ""), ("x" * 100, state), ("x" * 5000, state)):
        assert house.sign_ins.outs.came_back(kept, said) is None


async def test_nothing_is_kept_where_the_resource_does_not_ask_for_it(house: House, forge: Forge) -> None:
    """The default; and what a browser keeps from before is nothing any more once it is switched off, or the provider gone."""
    hint = await entered(house, forge)
    house.specs["corp"] = forge.spec()
    assert (await house.enter(forge)).hint == "" and await house.sign_ins.outs.way_out(hint) is None
    house.specs.clear()
    assert await house.sign_ins.outs.way_out(hint) is None
    assert await house.sign_ins.outs.way_out("garbage") is None


@pytest.mark.parametrize("endpoint", [None, "javascript:alert(1)", "http://evil.example/end", 7, "https://user@host/"])
async def test_a_provider_without_a_good_address_for_it_is_left_alone(house: House, forge: Forge, endpoint: object) -> None:
    """People sign in all the same, and out here."""
    forge.metadata["end_session_endpoint"] = endpoint
    hint = await entered(house, forge)
    assert hint and await house.sign_ins.outs.way_out(hint) is None


async def test_a_token_that_no_cookie_holds_is_left_out(house: House, forge: Forge) -> None:
    """Then the provider asks the person."""
    forge.claims = {"groups": ["x" * 40] * 200}
    hint = await entered(house, forge)
    assert len(hint) < 4000 and "id_token_hint" not in told(await house.sign_ins.outs.way_out(hint))


async def test_a_provider_that_is_down_is_named(house: House, forge: Forge) -> None:
    """The page can say that somebody may still be signed in there."""
    hint = await entered(house, forge)
    forge.down = {"/.well-known/openid-configuration"}
    house.specs["corp"] = forge.spec(end_session=True, title="Fresh")
    assert await house.sign_ins.outs.way_out(hint) == WayOut(title="Fresh", address=None)
