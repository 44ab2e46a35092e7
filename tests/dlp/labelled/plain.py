"""Plain cases: every value of every detector in prose, in a JSON member, in CSV text and in code, logs or configuration."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.dlp.labelled import values_pii, values_secret
from tests.dlp.labelled.case import Case, Expected

TEMPLATES = Path(__file__).parent / "templates"
FORMS = ("prose", "member", "csv", "line")

# Other detectors that may speak up too, since the value (or what a template holds beside it) can be read in two ways.
OVERLAPS = {
    "gcp_service_account": {"secret/private_key_pem", "pii/email"},
    "url_with_password": {"pii/email"},
    "azure_storage_key": {"secret/url_with_password"},
    "okta_token": {"secret/bearer_token"},
    "us_ssn": {"pii/us_ssn_nodash"},
    "us_ssn_nodash": {"pii/us_aba_routing", "pii/us_ssn"},
    "us_itin": {"pii/us_ssn"},
    "uk_nhs": {"pii/phone_us"},
    "us_npi": {"pii/phone_us"},
    "phone_intl": {"pii/phone_us"},
    "phone_us": {"pii/phone_intl"},
    "au_tfn": {"pii/ca_sin"},
}


@cache
def values() -> dict[str, list[str]]:
    """Return the values of all detectors, by the detector's whole name."""
    found = {f"secret/{name}": list(made) for name, made in values_secret.VALUES.items()}
    for group in (values_pii.FINANCIAL, values_pii.IDENTITY, values_pii.CONTACT):
        found |= {f"pii/{name}": list(made) for name, made in group.items()}
    return found | {f"label/{name}": list(made) for name, made in values_pii.LABEL.items()}


@cache
def templates() -> dict[str, dict[str, list[Any]]]:
    """Return the templates by the detector's short name and the form."""
    secrets = yaml.safe_load((TEMPLATES / "secrets.yaml").read_text())
    found: dict[str, dict[str, list[Any]]] = dict(secrets["own"])
    for place, (name, names) in enumerate(secrets["names"].items()):
        found[name] = {form: _turned(secrets["shared"][form], place, names) for form in FORMS}
    for family in ("financial", "identity", "contact"):
        found |= yaml.safe_load((TEMPLATES / f"{family}.yaml").read_text())
    return found


def expected(detector: str, value: str) -> Expected:
    """Return what has to be found for a value."""
    return Expected(detector=detector, value=value, others=values_secret.pieces(detector.split("/")[1], value))


def also(detector: str) -> frozenset[str]:
    """Return the detectors that may speak up beside this one; unspecific secrets may always stand beside specific ones."""
    unspecific = {"secret/generic_secret", "secret/bearer_token"} if detector.startswith("secret/") else set()
    return frozenset((OVERLAPS.get(detector.split("/")[1], set()) | unspecific) - {detector})


def filled(template: Any, value: str) -> Any:
    """Return the template, text or structure, with the value in its place."""
    if isinstance(template, dict):
        return {filled(key, value): filled(member, value) for key, member in template.items()}
    if isinstance(template, list):
        return [filled(member, value) for member in template]
    if not isinstance(template, str):
        return template
    if template == "{struct}":
        return json.loads(value)
    if "{indented}" in template:
        return template.replace("{indented}", value.replace("\n", "\n    "))
    return template.replace("{esc}", json.dumps(value)[1:-1]).replace("{v}", value)


def enveloped(inner: Any, place: int) -> Any:
    """Return text or a structure as it stands in arguments or results of a tool call; the place chooses among shapes."""
    if not isinstance(inner, str):
        return (inner, {"structuredContent": inner, "content": []}, {"arguments": inner}, {"items": [inner], "nextCursor": None})[place % 4]
    shapes: tuple[Any, ...] = (
        {"content": [{"type": "text", "text": inner}], "isError": False},
        {"arguments": {"path": "notes/today.md", "content": inner}},
        {"body": inner},
        {"result": {"messages": [{"role": "user", "content": {"type": "text", "text": inner}}]}},
        inner,
        {"content": [{"type": "resource", "resource": {"uri": "file:///notes/today.md", "mimeType": "text/plain", "text": inner}}]},
    )
    return shapes[place % len(shapes)]


def cases() -> list[Case]:
    """Return all plain cases."""
    found = []
    for detector, made in values().items():
        name = detector.split("/")[1]
        for form in FORMS:
            choices = templates()[name][form]
            for place in range(max(len(made), len(choices))):
                value = made[place % len(made)]
                payload = enveloped(filled(choices[place % len(choices)], value), place + len(name))
                case_id = f"plain-{name}-{form}-{place + 1}"
                expect = (expected(detector, value),)
                found.append(Case(id=case_id, kind="plain", way=form, payload=payload, expect=expect, also=also(detector)))
    return found


def _turned(pool: list[Any], place: int, names: list[str]) -> list[Any]:
    """Return four templates of the pool, others for each place, with the names that belong to the detector."""
    count = min(4, len(pool))
    chosen = [pool[(place * 3 + step) % len(pool)] for step in range(count)]
    return [_named(template, names) for template in chosen]


def _named(template: Any, names: list[str]) -> Any:
    if isinstance(template, dict):
        return {_named(key, names): _named(member, names) for key, member in template.items()}
    if isinstance(template, list):
        return [_named(member, names) for member in template]
    if not isinstance(template, str):
        return template
    return template.replace("{name}", names[0]).replace("{ENV}", names[1]).replace("{field}", names[2])
