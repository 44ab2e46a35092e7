"""The apps on the console listener."""

from starlette.testclient import TestClient

from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk
from gatebook.control.key_files import read_credential_keys, read_master_key
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.journal import Journal
from gatebook.keeper.background import Background
from gatebook.keeper.faces import Roll, build_faces
from gatebook.keeper.upstream import build_upstream
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.settings import Settings
from gatebook.state.store import Store


async def test_health_api_and_console_answer_with_nothing_else_running(settings: Settings, store: Store, book: Book, vault: Vault) -> None:
    """Health asks nobody who they are; the API wants a token; the console sends a stranger to sign in."""
    desk = Desk(Journal(store, book, vault.subject), settings.console_url)
    upstream = build_upstream(desk.journal, read_credential_keys(settings), settings.console_url)
    roll = Roll(vault.subject, settings)
    faces = build_faces(settings, desk, vault, Background(settings, read_master_key(settings)), roll, upstream)
    token = (await desk.issuing.create(TokenOrder(person="ana", person_name="Ana"), local_caller("root", vault.subject))).secret
    client = TestClient(faces.public, follow_redirects=False)
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/api/v1/status").status_code == 401
    assert client.get("/").status_code in (302, 303)
    assert client.get("/sign-in").status_code == 200
    assert client.get("/client-metadata.json").json()["redirect_uris"] == [f"{settings.console_url}/connect/callback"]
    assert client.get("/api/v1/status", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    roll.prepare(store.snapshot())
    roll.apply(store.snapshot())
    assert client.get("/api/v1/status", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert dict(roll.names()) == {vault.subject("ana"): "Ana"}
