"""The connectors of the configuration in force, each with its connections, children, limits and what is known of its tools."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import PurePath
from urllib.parse import urlsplit

from msgspec import Struct

from gatebook.gateway.catalog import Catalog
from gatebook.gateway.upstream.authority import Authority, Fixed
from gatebook.gateway.upstream.children import ChildNotes, Children, ChildSpec
from gatebook.gateway.upstream.h1 import Pool, UpstreamError
from gatebook.gateway.wallet import Wallet
from gatebook.record.parts import Credential
from gatebook.settings import Settings
from gatebook.state.connectors import Connector
from gatebook.state.references import SecretUnavailable, is_reference, resolve

_ERA_KNOWN_S = 600.0


class Eras(Struct, frozen=True):
    """Which eras a connector speaks; None where it has not been asked."""

    modern: bool | None = None
    legacy: bool | None = None


class Runtime:
    """One connector as it is configured now. A changed configuration makes a new one; the old one finishes its calls."""

    def __init__(
        self, connector: Connector, settings: Settings, environ: Mapping[str, str], notes: ChildNotes, wallet: Wallet | None = None
    ) -> None:
        """Without a wallet there are no credentials but those that headers say."""
        spec = connector.spec
        self.connector = connector
        self.name = connector.name
        self.timeout_s = spec.limits.timeout_s or settings.limits.timeout_s
        self.concurrency_max = spec.limits.concurrency_max or settings.limits.concurrency_max
        self.response_bytes_max = spec.limits.response_bytes_max or settings.limits.response_bytes_max
        self.in_flight = 0
        self.catalog = Catalog()
        self.eras_lock = asyncio.Lock()
        self._eras = Eras()
        self._eras_until_s = 0.0
        self.fault: str | None = None
        self.pool: Pool | None = None
        self.children: Children | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        try:
            self._connect(settings, environ, notes)
        except SecretUnavailable as error:
            self.fault = f"the connector's credential is not available: {error}"
        except ValueError:  # one address that cannot be read must not keep the whole configuration from being in force
            self.fault = "the connector's address cannot be used"
        self.credential = _credential(connector)
        self.server = _server(connector)
        self._fixed = Fixed(self.headers, self.credential)
        self._wallet = wallet

    def _connect(self, settings: Settings, environ: Mapping[str, str], notes: ChildNotes) -> None:
        spec = self.connector.spec
        if spec.transport != "stdio":
            assert spec.url is not None
            self.headers = [(name.lower().encode(), resolve(value, environ).encode()) for name, value in spec.headers.items()]
            self.pool = Pool(spec.url, connect_timeout_s=settings.limits.connect_timeout_s)
            return
        child = ChildSpec(
            connector=self.name,
            command=spec.command,
            env={name: resolve(value, environ) for name, value in spec.env.items()},
            cwd=spec.cwd,
            children_max=spec.limits.children_max or settings.stdio.children_max,
            idle_stop_s=spec.limits.idle_stop_s or settings.stdio.idle_stop_s,
            memory_bytes_max=spec.limits.memory_bytes_max or settings.stdio.memory_bytes_max,
            line_bytes_max=self.response_bytes_max,
        )
        self.children = Children(child, notes)

    def authority(self, person: str) -> Authority:
        """With what a call of this person proves itself to the connector."""
        if self.connector.spec.credential.kind == "none" or self._wallet is None:
            return self._fixed
        return self._wallet.authority(self.connector, self.headers, person)

    def check_usable(self) -> None:
        """Raise UpstreamError when the connector cannot be used as it is configured: a secret is not there, or its address is none."""
        if self.fault is not None:
            raise UpstreamError("refused", self.fault)

    @property
    def eras(self) -> Eras:
        """What is known of its eras; forgotten after ten minutes, since servers are upgraded."""
        if time.monotonic() > self._eras_until_s:
            self._eras = Eras()
        return self._eras

    def learn(self, *, modern: bool | None = None, legacy: bool | None = None) -> None:
        """Remember what an answer showed."""
        known = self.eras
        self._eras = Eras(known.modern if modern is None else modern, known.legacy if legacy is None else legacy)
        self._eras_until_s = time.monotonic() + _ERA_KNOWN_S

    async def close(self, reason: str) -> None:
        """End connections and children."""
        if self.children is not None:
            await self.children.close_all(reason)
        if self.pool is not None:
            self.pool.close()


def _server(connector: Connector) -> str | None:
    spec = connector.spec
    if spec.transport == "stdio":
        return f"stdio:{PurePath(spec.command[0]).name}"
    try:
        # Without user and password, which an address may hold.
        return urlsplit(spec.url or "").netloc.rpartition("@")[2] or None
    except ValueError:
        return None


def _credential(connector: Connector) -> Credential:
    spec = connector.spec
    for kind, values in (("header", spec.headers), ("environment", spec.env)):
        names = sorted(name.lower() for name, value in values.items() if is_reference(value))
        if names:
            return Credential(id=f"{connector.name}/{kind}:{','.join(names)}", kind=kind, owner="connector")
    return Credential(id=f"{connector.name}/none", kind="none", owner="connector")
