"""Deployment settings: what is accepted, and what stops a start."""

from pathlib import Path

import pytest

from gatebook.settings import Settings, SettingsError, load


def refusal(text: str, tmp_path: Path, environ: dict[str, str] | None = None) -> str:
    """Return the error for a settings file, its path left out."""
    path = tmp_path / "gatebook.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {})
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    """No file and no variable: every setting has its default, and the data directory is absolute."""
    settings = load(None, {}, data_dir=tmp_path)
    assert settings == Settings(data_dir=tmp_path)
    assert load(None, {"HOME": "/nowhere"}).data_dir.is_absolute()


def test_environment_goes_before_file_and_argument_before_both(tmp_path: Path) -> None:
    """Of three places that set a value, the nearest to the command wins; what one place does not set is taken from the next."""
    (tmp_path / "gatebook.toml").write_text('data_dir = "/from/file"\n[mcp]\nport = 1001\nhost = "127.0.0.2"\n')
    environ = {"GATEBOOK_MCP_PORT": "1002", "GATEBOOK_DATA_DIR": "/from/environment"}
    settings = load(tmp_path / "gatebook.toml", environ)
    assert (settings.mcp.port, settings.mcp.host, str(settings.data_dir)) == (1002, "127.0.0.2", "/from/environment")
    assert load(tmp_path / "gatebook.toml", environ, data_dir=tmp_path).data_dir == tmp_path


def test_the_file_in_the_data_directory_is_read(tmp_path: Path) -> None:
    """`gatebook.toml` in the data directory needs no mention; `GATEBOOK_CONFIG` goes before it."""
    (tmp_path / "gatebook.toml").write_text("workers = 3\n")
    (tmp_path / "other.toml").write_text("workers = 4\n")
    assert load(None, {}, data_dir=tmp_path).workers == 3
    assert load(None, {"GATEBOOK_DATA_DIR": str(tmp_path)}).workers == 3
    assert load(None, {"GATEBOOK_CONFIG": str(tmp_path / "other.toml")}, data_dir=tmp_path).workers == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("workers = 0", "gatebook.toml:1: workers: expected `int` >= 1"),
        ("\n[limits]\n\ntimeout_s = -1", "gatebook.toml:4: limits.timeout_s: expected `float` > 0.0"),
        (
            'trusted_proxies = ["proxy.example"]',
            "gatebook.toml:1: trusted_proxies: 'proxy.example' is no address and no network, such as 10.0.0.7 or 10.0.0.0/24",
        ),
        ('[mcp]\nport = "8400"', "gatebook.toml:2: mcp.port: expected `int`, got `str`"),
        ("mcp = 3", "gatebook.toml:1: mcp: expected `object`, got `int`"),
        ('node = "Node 1"', "gatebook.toml:1: node: expected `str` matching regex"),
        ('[mcp]\nauth = "no"', "gatebook.toml:2: mcp.auth: invalid enum value 'no'"),
        ('data_dir = ""', "gatebook.toml:1: data_dir: expected a path"),
    ],
)
def test_a_bad_value_names_its_line(text: str, expected: str, tmp_path: Path) -> None:
    """A value of the wrong type or out of range stops the start at its line."""
    assert refusal(text, tmp_path).startswith(expected)


def test_auth_may_be_off_on_loopback_only(tmp_path: Path) -> None:
    """A gateway that asks for no token must not be reachable from elsewhere."""
    assert "loopback" in refusal('[mcp]\nhost = "0.0.0.0"\nauth = "off"', tmp_path)
    assert "loopback" in refusal('[mcp]\nhost = "example.com"\nauth = "off"', tmp_path)
    assert load(None, {"GATEBOOK_MCP_AUTH": "off", "GATEBOOK_MCP_HOST": "::1"}, data_dir=tmp_path).mcp.auth == "off"


def test_another_interpreter_is_named_by_its_whole_path(tmp_path: Path) -> None:
    """Its process starts elsewhere, where a relative path would mean another one."""
    with pytest.raises(
        SettingsError, match=r"GATEBOOK_PRESIDIO_PYTHON: presidio\.python: must be an absolute path; found 'venv/bin/python'"
    ):
        load(None, {"GATEBOOK_PRESIDIO_PYTHON": "venv/bin/python"}, data_dir=tmp_path)
    assert load(None, {"GATEBOOK_PRESIDIO_PYTHON": "/opt/p"}, data_dir=tmp_path).presidio.python == "/opt/p"


def test_public_urls_have_a_scheme_and_no_path(tmp_path: Path) -> None:
    """A public address with a path would give addresses that nobody serves."""
    assert "https://" in refusal('[console]\npublic_url = "console.example"', tmp_path)
    assert "no path" in refusal('[mcp]\npublic_url = "https://gate.example/mcp"', tmp_path)
    assert load(None, {"GATEBOOK_MCP_PUBLIC_URL": "https://gate.example/"}, data_dir=tmp_path).mcp_url == "https://gate.example"


def test_addresses_are_made_from_host_and_port() -> None:
    """Without a public address it is that of the listener; a wildcard is shown as loopback."""
    environ = {"GATEBOOK_MCP_HOST": "0.0.0.0", "GATEBOOK_CONSOLE_HOST": "::1"}
    settings = load(None, environ, data_dir=Path("/data"))
    assert (settings.mcp_url, settings.console_url) == ("http://127.0.0.1:8400", "http://[::1]:8401")


def test_names_of_streams_and_places_follow_node_and_data_directory() -> None:
    """What is derived from settings is where the documented layout says."""
    settings = Settings(data_dir=Path("/data"), node="n7", deployment="acme")
    assert (settings.keeper_stream, settings.worker_stream(2), settings.origin) == ("n7-k", "n7-w2", "gatebook/acme/n7")
    places = (settings.log_dir, settings.keys_dir, settings.secrets_dir, settings.state_path, settings.index_dir, settings.keeper_socket)
    assert [str(place) for place in places] == [
        "/data/log", "/data/keys", "/data/secrets", "/data/state.db", "/data/index", "/data/run/keeper.sock",
    ]  # fmt: skip
