"""`gatebook bootstrap`."""

from pathlib import Path

from tests.cli.conftest import Run


def test_the_link_is_alone_on_standard_output(gatebook: Run) -> None:
    """Who it is for and until when goes to the other stream; the person is an administrator from then on."""
    code, output, errors = gatebook("bootstrap", "Ana@corp.example")
    assert code == 0
    assert output.startswith("http://127.0.0.1:8401/sign-in#")
    assert output.count("\n") == 1
    assert errors.startswith("Opens the console for ana@corp.example, once, until 20")
    gatebook("token", "create", "ana@corp.example")
    assert "admins" in gatebook("token", "list")[1]


PROVIDER = "kind: IdentityProvider\nname: corp\nspec: {issuer: 'https://idp.example', client_id: gatebook}\n"


def test_with_a_provider_the_link_is_for_whoever_signs_in_next(gatebook: Run, tmp_path: Path) -> None:
    """No account is made beforehand; a person who is named is said."""
    (tmp_path / "idp.yaml").write_text(PROVIDER)
    assert gatebook("apply", "-f", str(tmp_path / "idp.yaml"))[0] == 0
    code, output, errors = gatebook("bootstrap")
    assert code == 0 and output.startswith("http://127.0.0.1:8401/sign-in#")
    assert errors.startswith("Makes whoever signs in next in the browser that opens it an administrator, once, until 20")
    assert "as ana@corp.example, unless the directory knows them, an administrator" in gatebook("bootstrap", "ana@corp.example")[2]


def test_breaking_the_glass_needs_a_reason(gatebook: Run, tmp_path: Path) -> None:
    """Without one nothing is made; with one the link opens the console past the provider."""
    (tmp_path / "idp.yaml").write_text(PROVIDER)
    gatebook("apply", "-f", str(tmp_path / "idp.yaml"))
    for words in (["--break-glass"], ["--break-glass", "--reason", "  "]):
        code, output, errors = gatebook("bootstrap", *words)
        assert (code, output) == (2, "") and "needs --reason" in errors
    code, output, errors = gatebook("bootstrap", "--break-glass", "--reason", "the provider is down")
    assert code == 0 and output.count("#") == 1 and errors.startswith("Opens the console for admin, past the identity provider, once")
