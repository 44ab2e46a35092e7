"""An authorization server on real state and a real log, with a clock that can be moved, and web sites of a small internet of its own."""

import base64
import hashlib
import secrets
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette

from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk
from gatebook.identity.accounts import Wanted, find_person, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.directory import Directory, Principal, make_principal
from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.issuers.keys import IssuerKeys
from gatebook.identity.journal import Journal
from gatebook.identity.oauth.guarded_fetch import GuardedFetch
from gatebook.identity.oauth.server import AuthorizationServer, Outside
from gatebook.identity.sessions import Opening, open_session
from gatebook.log.book import Book
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.base import Body
from gatebook.record.codec import decode_body
from gatebook.record.parts import Source
from gatebook.settings import LogSettings
from gatebook.state.documents import parse_documents
from gatebook.state.snapshot import Person
from gatebook.state.store import Store, bump

ISSUER = "http://127.0.0.1:8401"
MCP = "http://127.0.0.1:8400"
RESOURCE = f"{MCP}/mcp"
ANN = "ann@example.com"
CALLBACK = "http://127.0.0.1:33418/callback"
SOURCE = Source(ip="192.0.2.7", port=4000)
LOG = LogSettings(segment_bytes=1 << 20, reserve_bytes=0)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Clock:
    """The machine's clocks, moved."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def wall_us(self) -> int:
        """The moved wall clock."""
        return time.time_ns() // 1000 + int(self.offset_s * 1e6)

    def monotonic_us(self) -> int:
        """The moved monotonic clock."""
        return time.monotonic_ns() // 1000 + int(self.offset_s * 1e6)


class Deployment:
    """The server with Ann, who may sign in, and what is around it."""

    def __init__(self, path: Path, store: Store, fetch: GuardedFetch | None = None) -> None:
        path.mkdir(mode=0o700)
        self.path = path
        self.clock = Clock()
        self.vault = Vault(path / "keys", bytes(32))
        self.store = store
        self.book = Book.open(path / "log", "t-k", self.vault, LOG)
        self.journal = Journal(self.store, self.book, self.vault.subject, self.clock)
        self.desk = Desk(self.journal, ISSUER)
        self.revisions: list[int] = []
        self.fetch = fetch or GuardedFetch()
        self.start()
        with self.store.write() as connection:
            put_person(connection, Wanted(id=ANN, name="Ann", groups=("sales",)), 1)
            bump(connection)

    def start(self, keys: IssuerKeys | None = None) -> None:
        """Build the server anew, as a keeper that starts does."""

        async def in_force(revision: int) -> None:
            self.revisions.append(revision)

        self.server = AuthorizationServer(self.journal, ISSUER, MCP, in_force, Outside(self.fetch, keys or IssuerKeys()))
        app = Starlette(routes=self.server.routes())
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app, client=(SOURCE.ip, SOURCE.port)), base_url=ISSUER)

    def reopen(self) -> None:
        """Open the log again after it was closed, and build the server on it."""
        self.book = Book.open(self.path / "log", "t-k", self.vault, LOG)
        self.journal = Journal(self.store, self.book, self.vault.subject, self.clock)
        self.start()

    def close(self) -> None:
        """Let go of the files."""
        self.book.close()
        self.store.close()

    async def apply(self, text: str) -> None:
        """Apply documents."""
        await self.desk.apply(parse_documents(text, "test.yaml"), self.administrator)

    @property
    def administrator(self) -> Principal:
        """The local administrator."""
        return local_caller("root", self.vault.subject)

    @property
    def ann(self) -> Principal:
        """Ann in the console."""
        return make_principal(Person(id=ANN, name="Ann"), self.vault.subject(ANN), "session")

    def session(self, person: str = ANN) -> str:
        """The secret of a new console session."""
        secret = secrets.token_urlsafe(32)
        with self.store.write() as connection:
            found = find_person(connection, person)
            assert found is not None
            open_session(connection, secret, Opening(person=person, epoch=found.epoch), self.clock.wall_us())
            bump(connection)
        return secret

    def cut(self, *, deactivate: bool = True) -> None:
        """Cut Ann off."""
        with self.store.write() as connection:
            order = CutOff(id=secrets.token_hex(4), person=ANN, cause="administrator", by="test", deactivate=deactivate)
            cut_off(connection, order, self.clock.wall_us())
            bump(connection)

    async def register(self, *redirects: str, **more: Any) -> dict[str, Any]:
        """Register a client; public unless said otherwise."""
        body = {"redirect_uris": list(redirects) or [CALLBACK], "client_name": "Tester", "token_endpoint_auth_method": "none"} | more
        response = await self.http.post("/oauth/register", json=body)
        assert response.status_code == 201, response.text
        found: dict[str, Any] = response.json()
        return found

    async def consent(self, client_id: str, session: str | None = None, *, allow: bool = True, **more: str) -> dict[str, str]:
        """Ask Ann, and have her answer; returns what the client is told."""
        values = {
            "client_id": client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "st",
            "resource": RESOURCE,
        } | more
        secret = session or self.session()
        begun = await self.server.consenting.begin({name: value for name, value in values.items() if value}, secret)
        where = begun.answer or await self.server.consenting.answer(begun.id, secret, self.ann, SOURCE, allow=allow)
        return {name: found[0] for name, found in parse_qs(urlsplit(where).query).items()} | {"at": where.partition("?")[0]}

    async def token(self, **form: str) -> httpx2.Response:
        """Ask the token endpoint."""
        return await self.http.post("/oauth/token", data=form)

    async def exchange(self, client_id: str, code: str, /, **more: str) -> httpx2.Response:
        """Bring a code to the token endpoint."""
        form = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return await self.token(**{name: value for name, value in (form | more).items() if value})

    async def signed_in(self, **more: str) -> tuple[str, dict[str, Any]]:
        """A client that Ann has let in: its id and its tokens."""
        client = await self.register()
        said = await self.consent(client["client_id"], **more)
        response = await self.exchange(client["client_id"], said["code"])
        assert response.status_code == 200, response.text
        return client["client_id"], response.json()

    def knows(self, access_token: str, resource: str = RESOURCE) -> str:
        """Whom a worker takes the bearer for, else why it refuses."""
        found = Directory(self.store.snapshot(), self.vault.subject).authenticate(f"Bearer {access_token}", self.clock.wall_us(), resource)
        return found.person if isinstance(found, Principal) else found.reason

    def records(self, kind: type[Body]) -> list[Any]:
        """The bodies of the records of a type, oldest first."""
        reader = StreamReader(self.path / "log" / "t-k")
        try:
            bodies = [decode_body(entry.core) for entry in reader.read(100_000, 1 << 30)]
        finally:
            reader.close()
        return [body for body in bodies if isinstance(body, kind)]

    def everything_kept(self) -> bytes:
        """All bytes of state and log, in which no secret may be."""
        return b"".join(file.read_bytes() for file in sorted(self.path.rglob("*")) if file.is_file())


class Site:
    """A web site on loopback that plays hosts of the internet over TLS, with a certificate for them. `pages` maps paths to handlers."""

    def __init__(self, path: Path, *hosts: str) -> None:
        self.hosts = hosts
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.names: list[str] = []
        self.addresses: dict[str, list[list[str]]] = {host: [["127.0.0.1"]] for host in hosts}
        self._chain = path / "site.pem"
        self._chain.write_bytes(_certificate(hosts))

    async def __aenter__(self) -> "Site":
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._chain)
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def fetch(self, **more: Any) -> GuardedFetch:
        """A guard that finds this site under its names, and takes loopback for public unless told otherwise."""
        trust = ssl.create_default_context(cafile=str(self._chain))
        return GuardedFetch(resolve=self.resolve, port=self.port, trust=trust, **({"allowed": lambda _: True} | more))

    async def resolve(self, host: str, _port: int) -> list[str]:
        """The addresses of a name; one that has several answers gives the next each time, the last for ever."""
        self.names.append(host)
        answers = self.addresses.get(host, [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def document(self, url: str, **more: Any) -> None:
        """Put up the document of a client."""
        said = {"client_id": url, "client_name": "Site app", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"} | more

        async def page(_: web.Request) -> web.Response:
            return web.json_response(said)

        self.pages[urlsplit(url).path] = page

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.host.partition(':')[0]}{request.path}")
        page = self.pages.get(request.path)
        answer: web.StreamResponse = web.Response(status=404) if page is None else await page(request)
        return answer


class Provider:
    """An identity provider's keys, and the tokens that it signs."""

    def __init__(self, issuer: str = "https://idp.example") -> None:
        self.issuer = issuer
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})
        self.asked: list[str] = []
        self.down = False

    async def get(self, url: str) -> Any:
        """What it answers at an address."""
        self.asked.append(url)
        if self.down:
            raise ProviderFault("down", down=True)
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        return KeySet([self.key]).as_dict()

    def sign(self, claims: dict[str, Any], typ: str | None = "oauth-id-jag+jwt", key: Any = None, alg: str = "ES256") -> str:
        """A signed token."""
        header = {"alg": alg, "kid": "k1"} | ({"typ": typ} if typ else {})
        return jwt.encode(header, claims, key or self.key, algorithms=[alg], default_type=None)

    @property
    def document(self) -> str:
        """The resource that makes its assertions believed."""
        return f"kind: IdentityProvider\nname: idp\nspec:\n  issuer: {self.issuer}\n  client_id: gatebook\n  assertions: true\n"


def _certificate(hosts: tuple[str, ...]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + built.public_bytes(serialization.Encoding.PEM)
