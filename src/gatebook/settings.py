"""Deployment settings: one frozen tree from `gatebook.toml` and the environment, read once at start.

What people govern (connectors, people, policies) is not here: that is state. An unknown key or a bad value stops start-up.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert

from gatebook.settings_source import SettingsError, Source, read_environment, read_file

__all__ = [
    "ConsoleSettings",
    "CredentialSettings",
    "LimitSettings",
    "LogSettings",
    "McpSettings",
    "PresidioSettings",
    "Settings",
    "SettingsError",
    "StateSettings",
    "StdioSettings",
    "load",
]

KIB = 1024
MIB = 1024 * KIB
_REFERENCE = r"file:/.+|env:[A-Za-z_][A-Za-z0-9_]*"

Port = Annotated[int, Meta(ge=0, le=65535)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]


class _Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections."""


class McpSettings(_Section, frozen=True, kw_only=True):
    """The listener for AI clients."""

    host: Annotated[str, Meta(description="Address that the MCP listener binds.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port of the MCP listener; 0 takes a free one.")] = 8400
    public_url: Annotated[
        str, Meta(description="Address at which AI clients reach the listener, without a path; empty: made from host and port.")
    ] = ""
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Further values of the Host header that are accepted beside the public and loopback ones.")
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...], Meta(description="Values of the Origin header that are accepted beside the public one.")
    ] = ()
    auth: Annotated[
        Literal["token", "off"],
        Meta(description="token: a bearer token is required. off: everybody is the person `local`; only on a loopback host."),
    ] = "token"


class ConsoleSettings(_Section, frozen=True, kw_only=True):
    """The listener for people: console and API."""

    host: Annotated[str, Meta(description="Address that the console listener binds.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port of the console listener; 0 takes a free one.")] = 8401
    public_url: Annotated[
        str, Meta(description="Address at which browsers reach the console, without a path; empty: made from host and port.")
    ] = ""


class LimitSettings(_Section, frozen=True, kw_only=True):
    """What one call, one person and one worker may use. A connector can set narrower ones."""

    body_bytes_max: Annotated[int, Meta(description="Largest request body.", ge=KIB, le=1024 * MIB)] = 10 * MIB
    response_bytes_max: Annotated[int, Meta(description="Largest message from a connector.", ge=KIB, le=1024 * MIB)] = 32 * MIB
    depth_max: Annotated[int, Meta(description="Deepest nesting of JSON in a request.", ge=8, le=512)] = 64
    timeout_s: Annotated[float, Meta(description="Longest wait for a connector's final answer.", gt=0, le=86_400)] = 60.0
    connect_timeout_s: Annotated[float, Meta(description="Longest wait for a connection to a connector.", gt=0, le=300)] = 10.0
    concurrency_max: Annotated[int, Meta(description="Calls in flight in one worker.", ge=1, le=100_000)] = 512
    person_concurrency_max: Annotated[int, Meta(description="Calls in flight of one person in one worker.", ge=1, le=100_000)] = 64
    sessions_max: Annotated[int, Meta(description="Open MCP sessions in one worker.", ge=1, le=1_000_000)] = 10_000
    session_idle_s: Annotated[float, Meta(description="An MCP session that is idle for longer is closed.", gt=0, le=604_800)] = 3600.0
    drain_s: Annotated[float, Meta(description="At stop, time that calls in flight get to finish.", ge=0, le=3600)] = 15.0


class LogSettings(_Section, frozen=True, kw_only=True):
    """The log on disk."""

    segment_bytes: Annotated[int, Meta(description="Size of one segment file.", ge=64 * KIB, le=4096 * MIB)] = 64 * MIB
    reserve_bytes: Annotated[
        int,
        Meta(description="Disk space kept back, so that a full disk refuses calls cleanly and their outcomes can still be recorded.", ge=0),
    ] = 32 * MIB
    seal_interval_s: Annotated[float, Meta(description="Time between two signed checkpoints.", gt=0, le=3600)] = 2.0


class StdioSettings(_Section, frozen=True, kw_only=True):
    """Child processes of stdio connectors, per worker."""

    children_max: Annotated[int, Meta(description="Child processes at the same time.", ge=1, le=10_000)] = 64
    idle_stop_s: Annotated[float, Meta(description="A child that is idle for longer is stopped.", gt=0, le=604_800)] = 300.0
    memory_bytes_max: Annotated[
        int, Meta(description="Resident memory of one child and its own children; above it the child is stopped.", ge=MIB)
    ] = 512 * MIB


class StateSettings(_Section, frozen=True, kw_only=True):
    """Where people, tokens and all that is configured are kept."""

    url: Annotated[
        str,
        Meta(
            description="Address of a PostgreSQL database for state, `postgresql://user:password@host/database`, or `file:/path` or `env:NAME` where that "
            "is found, the same on all nodes; empty: the SQLite file state.db."
        ),
    ] = ""


class CredentialSettings(_Section, frozen=True, kw_only=True):
    """Credentials with which calls go on to connectors."""

    keys: Annotated[
        str,
        Meta(
            description="Ring of keys that seal credentials, as `file:/path` or `env:NAME`, the same on all nodes; empty: a file that Gatebook makes in "
            "secrets/credential.keys."
        ),
    ] = ""


class PresidioSettings(_Section, frozen=True, kw_only=True):
    """The process that looks for names in prose."""

    python: Annotated[
        str, Meta(description="Interpreter of an environment that has presidio-analyzer and the model; empty: the one that runs Gatebook.")
    ] = ""


class Settings(_Section, frozen=True, kw_only=True):
    """All deployment settings."""

    data_dir: Annotated[Path, Meta(description="Directory of everything that Gatebook keeps.")] = Path("~/.local/share/gatebook")
    deployment: Annotated[Name, Meta(description="Name of the deployment: part of the origin of every checkpoint.")] = "gatebook"
    node: Annotated[Name, Meta(description="Name of this node: its streams are named after it. Never reuse one for another log.")] = "node1"
    workers: Annotated[int, Meta(description="Gateway workers on this node.", ge=1, le=64)] = 1
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses or networks of the proxies in front, whose X-Forwarded-For is believed about who asks."),
    ] = ()
    mcp: McpSettings = McpSettings()
    console: ConsoleSettings = ConsoleSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()
    stdio: StdioSettings = StdioSettings()
    presidio: PresidioSettings = PresidioSettings()
    credentials: CredentialSettings = CredentialSettings()
    state: StateSettings = StateSettings()

    @property
    def mcp_url(self) -> str:
        """Base address for AI clients, without a path or a final slash."""
        return self.mcp.public_url.rstrip("/") or _url(self.mcp.host, self.mcp.port)

    @property
    def console_url(self) -> str:
        """Base address for browsers, without a path or a final slash."""
        return self.console.public_url.rstrip("/") or _url(self.console.host, self.console.port)

    @property
    def log_dir(self) -> Path:
        """Directory of all streams and of the tree."""
        return self.data_dir / "log"

    @property
    def keys_dir(self) -> Path:
        """Directory of the wrapped data keys."""
        return self.data_dir / "keys"

    @property
    def secrets_dir(self) -> Path:
        """Directory of the master key and the signing key."""
        return self.data_dir / "secrets"

    @property
    def state_path(self) -> Path:
        """The SQLite file of state, where it is not in PostgreSQL."""
        return self.data_dir / "state.db"

    @property
    def index_dir(self) -> Path:
        """Directory of the search index."""
        return self.data_dir / "index"

    @property
    def exports_dir(self) -> Path:
        """Directory of the files of exports."""
        return self.data_dir / "exports"

    @property
    def run_dir(self) -> Path:
        """Directory of sockets and locks of running processes."""
        return self.data_dir / "run"

    @property
    def keeper_socket(self) -> Path:
        """Unix socket of the keeper's control server."""
        return self.run_dir / "keeper.sock"

    def worker_socket(self, slot: int) -> Path:
        """Unix socket at which the worker in `slot` takes requests that reached another worker."""
        return self.run_dir / f"worker-{slot}.sock"

    @property
    def keeper_stream(self) -> str:
        """Name of the keeper's own stream."""
        return f"{self.node}-k"

    def worker_stream(self, slot: int) -> str:
        """Name of the stream of the worker in `slot`."""
        return f"{self.node}-w{slot}"

    @property
    def origin(self) -> str:
        """First part of the origin line of checkpoints; the sealer adds the epoch."""
        return f"gatebook/{self.deployment}/{self.node}"


def load(path: Path | None = None, environ: Mapping[str, str] | None = None, *, data_dir: Path | None = None) -> Settings:
    """Read the settings: defaults, then the file, then `GATEBOOK_<SECTION>_<NAME>`, then `data_dir`.

    Without `path` the file is `$GATEBOOK_CONFIG`, else `gatebook.toml` in the data directory where there is one.
    Raises SettingsError, whose text names the place, what is wrong and the nearest valid name.
    """
    variables = os.environ if environ is None else environ
    from_environment = read_environment(variables, Settings)
    if path is None and variables.get("GATEBOOK_CONFIG"):
        path = Path(variables["GATEBOOK_CONFIG"])
    if path is None:
        default = data_dir or from_environment.values.get("data_dir") or Settings().data_dir
        beside = Path(default).expanduser() / "gatebook.toml"
        path = beside if beside.is_file() else None
    source = read_file(path, Settings) if path is not None else Source({}, {})
    source = source.overlaid(from_environment)
    if data_dir is not None:
        source = source.overlaid(Source({"data_dir": str(data_dir)}, {"data_dir": "--data"}))
    source.values.setdefault("data_dir", str(Settings().data_dir))
    settings = _build(source)
    _check(settings, source)
    return settings


def _build(source: Source) -> Settings:
    try:
        return convert(source.values, Settings, dec_hook=_decode)
    except ValidationError as error:
        text, _, where = str(error).partition(" - at `$.")
        name = where.rstrip("`").split("[")[0]
        raise SettingsError(f"{source.place(name)}: {name}: {text[:1].lower()}{text[1:]}") from error


def _decode(kind: type, value: Any) -> Any:
    if kind is Path:
        if not isinstance(value, str) or not value:
            raise ValueError("expected a path")
        return Path(value).expanduser().absolute()
    raise NotImplementedError(kind)


def _check(settings: Settings, source: Source) -> None:
    """Rules that reach over more than one field."""
    if settings.mcp.auth == "off" and not _loopback(settings.mcp.host):
        raise SettingsError(
            f"{source.place('mcp.auth')}: mcp.auth: off is allowed only when mcp.host is a loopback address, not {settings.mcp.host!r}"
        )
    for one in settings.trusted_proxies:
        if not _network(one):
            raise SettingsError(
                f"{source.place('trusted_proxies')}: trusted_proxies: {one!r} is no address and no network, such as 10.0.0.7 or 10.0.0.0/24"
            )
    if settings.presidio.python and not Path(settings.presidio.python).is_absolute():
        raise SettingsError(
            f"{source.place('presidio.python')}: presidio.python: must be an absolute path; found {settings.presidio.python!r}"
        )
    # The value is not repeated: it may hold a password.
    if settings.state.url and not re.fullmatch(rf"postgres(ql)?://\S+|{_REFERENCE}", settings.state.url):
        raise SettingsError(
            f"{source.place('state.url')}: state.url: must be postgresql://user:password@host/database, file:/path or env:NAME"
        )
    if settings.credentials.keys and not re.fullmatch(_REFERENCE, settings.credentials.keys):
        raise SettingsError(f"{source.place('credentials.keys')}: credentials.keys: must be file:/path or env:NAME")
    for name, url in (("mcp.public_url", settings.mcp.public_url), ("console.public_url", settings.console.public_url)):
        if url and not url.startswith(("http://", "https://")):
            raise SettingsError(f"{source.place(name)}: {name}: must begin with https:// or http://")
        if url.count("/") > 2 + url.endswith("/"):
            raise SettingsError(f"{source.place(name)}: {name}: must have no path; found {url!r}")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(text: str) -> bool:
    try:
        return bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
