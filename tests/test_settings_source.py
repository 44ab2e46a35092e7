"""Reading the settings file and the environment."""

from pathlib import Path

import pytest

from gatebook.settings import Settings
from gatebook.settings_source import SettingsError, leaves, read_environment, read_file, variable


def test_there_are_fewer_than_forty_settings_and_each_is_described() -> None:
    """The design allows under 40 settings, and each says what it is."""
    found = dict(leaves(Settings))
    assert 20 < len(found) < 40
    assert all("." not in name or name.count(".") == 1 for name in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[mcp]\nprot = 3", ":2: unknown setting 'mcp.prot'; did you mean 'mcp.port'?"),
        ("[limit]\nx = 1", ":1: unknown setting 'limit'; did you mean 'limits'?"),
        ("timeout_s = 1", ":1: unknown setting 'timeout_s'; did you mean 'limits.timeout_s'?"),
        ("zzzzzzzz = 1", ":1: unknown setting 'zzzzzzzz'"),
    ],
)
def test_an_unknown_key_names_the_nearest(text: str, expected: str, tmp_path: Path) -> None:
    """A misspelt key is refused with the key that was probably meant."""
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_file(path, Settings)
    assert str(caught.value) == f"{path}{expected}"


def test_a_file_that_is_not_toml_is_refused_with_its_name(tmp_path: Path) -> None:
    """Syntax errors, text that is not UTF-8 and missing files all name the file."""
    path = tmp_path / "s.toml"
    for content in (b"x = ", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=str(path)):
            read_file(path, Settings)
    with pytest.raises(SettingsError, match="No such file"):
        read_file(tmp_path / "absent.toml", Settings)


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("GATEBOOK_MCP_PORT", "x", "environment GATEBOOK_MCP_PORT: expected a whole number, found 'x'"),
        ("GATEBOOK_LIMITS_TIMEOUT_S", "soon", "environment GATEBOOK_LIMITS_TIMEOUT_S: expected a number, found 'soon'"),
        ("GATEBOOK_MCP_PROT", "1", "environment: unknown setting GATEBOOK_MCP_PROT; did you mean 'GATEBOOK_MCP_PORT'?"),
    ],
)
def test_a_bad_variable_is_refused(key: str, text: str, expected: str) -> None:
    """Texts in the environment are not guessed at, and an unknown name is a mistake."""
    with pytest.raises(SettingsError) as caught:
        read_environment({key: text}, Settings)
    assert str(caught.value) == expected


def test_every_setting_has_a_variable_and_lists_are_split_at_commas() -> None:
    """Each leaf can be set from the environment under its documented name."""
    for name, _ in leaves(Settings):
        assert name in read_environment({variable(name): "1"}, Settings).places
    source = read_environment({"GATEBOOK_MCP_ALLOWED_HOSTS": "a.example, b.example,"}, Settings)
    assert source.values == {"mcp": {"allowed_hosts": ("a.example", "b.example")}}


def test_variables_that_kubernetes_adds_for_a_service_are_left_alone() -> None:
    """A Service named gatebook-mcp must not stop the pod that it leads to."""
    links = {
        "GATEBOOK_MCP_PORT": "tcp://10.0.0.1:8400",
        "GATEBOOK_MCP_SERVICE_HOST": "10.0.0.1",
        "GATEBOOK_PORT_8400_TCP_ADDR": "10.0.0.1",
    }
    assert read_environment(links, Settings).values == {}
