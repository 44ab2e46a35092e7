"""Locks: complete, with hashes, in step with what is asked for, and free of the names of hosts."""

import json
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import environment
from tests.structure.checkout import ROOT, SOURCE, files, imported_modules, name_of, python_files

REQUIREMENTS = ROOT / "requirements"
SOURCE_FILES = [path for path in python_files() if path.is_relative_to(SOURCE)]
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))
NODE_LOCKS = [path for path in files() if path.name == "package-lock.json"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]

# Import name -> name on the registry, where they differ.
DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "scim2_models": "scim2-models",
    "scim2_server": "scim2-server",
    "chdb": "chdb-core-lite",
    "mcp_types": "mcp-types",
    "oidc_provider_mock": "oidc-provider-mock",
    "phonenumbers": "phonenumberslite",
    "stdnum": "python-stdnum",
    "jsonschema_rs": "jsonschema-rs",
    "cel_expr_python": "cel-expr-python",
    "presidio_analyzer": "presidio-analyzer",
    "cel": "common-expression-language",
}


def _locked(path: Path) -> dict[str, set[str]]:
    """Return the versions that a lock holds, by name; more than one where platforms differ."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def _asked(path: Path) -> list[Requirement]:
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    own = [Requirement(line) for line in lines if line and not line.startswith("-r")]
    included = [requirement for line in lines if line.startswith("-r") for requirement in _asked(path.parent / line[2:].strip())]
    return own + included


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_a_lock_has_hashes_and_names_no_host(path: Path) -> None:
    """Every pinned version has a hash; no line says where to fetch it from."""
    text = path.read_text()
    assert "://" not in text
    assert "--index" not in text and "--find-links" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert not [entry for entry in entries if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_a_lock_satisfies_what_is_asked_for(path: Path) -> None:
    """Each requirement of the .in file, and of pyproject.toml for the product, is met by the lock."""
    asked = _asked(path.with_suffix(".in"))
    if path.stem == "presidio":
        asked += [Requirement(line) for line in EXTRAS["presidio"]]
    if not environment.is_apart(path.stem):
        asked += [Requirement(line) for line in PROJECT["project"]["dependencies"]]
        asked += [] if path.stem == "runtime" else [Requirement(line) for line in EXTRAS["demo"]]
    locked = _locked(path)
    unmet = [str(item) for item in asked if not any(item.specifier.contains(version) for version in locked.get(item.name.lower(), ()))]
    assert not unmet


def test_locks_of_one_environment_agree() -> None:
    """What one environment is built from in steps has one version in all of its locks."""
    test = _locked(REQUIREMENTS / "test.txt")
    for name in ("runtime", "demo"):
        locked = _locked(REQUIREMENTS / f"{name}.txt")
        assert locked == {key: test.get(key) for key in locked}


@pytest.mark.parametrize("path", NODE_LOCKS, ids=name_of)
def test_a_lock_of_node_packages_has_hashes_and_names_no_host(path: Path) -> None:
    """npm locks are made without the address that a package was resolved to; its hash is kept."""
    packages = {name: entry for name, entry in json.loads(path.read_text())["packages"].items() if name and not entry.get("link")}
    assert not [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry]


def test_the_product_imports_only_what_it_declares() -> None:
    """Every import of the source is the standard library, the product itself or a dependency in pyproject.toml; those of the demo are extra."""
    declared = {
        Requirement(line).name
        for line in (*PROJECT["project"]["dependencies"], *EXTRAS["cel-rust"], *EXTRAS["postgres"], *EXTRAS["presidio"])
    }
    demo = {Requirement(line).name for line in EXTRAS["demo"]}
    assert _outside(path for path in SOURCE_FILES if SOURCE / "demo" not in path.parents) <= declared
    assert _outside(path for path in SOURCE_FILES if SOURCE / "demo" in path.parents) <= declared | demo


def _outside(paths: Iterable[Path]) -> set[str]:
    imported = {name.split(".")[0] for path in paths for name in imported_modules(path)}
    return {DISTRIBUTIONS.get(name, name) for name in imported - sys.stdlib_module_names - {"gatebook"}}
