"""Negative cases: payloads with nothing to find, written by hand in negatives/*.yaml, and numbers that only look the part."""

import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from stdnum.in_ import pan

from tests.dlp.labelled.case import Case
from tests.dlp.labelled.draw import BASE62, HEX, UPPER, Draw
from tests.dlp.labelled.plain import OVERLAPS, enveloped, filled, templates, values
from tests.dlp.labelled.values_secret import base64_of, urlsafe

WRITTEN = Path(__file__).parent / "negatives"

CHECKED = (
    "pii/credit_card", "pii/iban", "pii/us_aba_routing", "pii/btc_address", "pii/uk_nhs", "pii/ca_sin", "pii/au_tfn", "pii/in_aadhaar",
    "pii/br_cpf", "pii/de_steuer_id", "pii/fr_nir", "pii/es_dni", "pii/es_nie", "pii/it_codice_fiscale", "pii/nl_bsn", "pii/pl_pesel",
    "pii/se_personnummer", "pii/be_nn", "pii/fi_hetu", "pii/us_npi", "pii/us_dea",
)  # fmt: skip

# Numbers that the issuer never gives out, whatever stands around them.
NEVER_ISSUED = {
    "us_ssn": ("000-12-3456", "666-45-6789", "219-00-4821", "521-44-0000"),
    "us_itin": ("912-10-4821", "934-69-1182", "950-93-4411"),
    "uk_nino": ("BG 12 34 56 A", "GB482211B", "ZZ 48 22 11 C", "DA482211D", "HK 48 22 11 E"),
    "in_pan": ("ABCZD4821K", "ABCXE0000L"),
    "credit_card": ("0000 0000 0000 0000", "9539 1488 0343 6467"),
}

# Detectors that need a word beside the number, and sentences that hold the number without such a word.
WITHOUT_CONTEXT = ("pii/us_aba_routing", "pii/us_ssn_nodash", "pii/uk_nhs", "pii/au_tfn", "pii/de_steuer_id", "pii/nl_bsn", "pii/pl_pesel",
                   "pii/passport_number", "pii/us_npi", "pii/us_dea", "pii/swift_bic", "secret/mailgun_key")  # fmt: skip
NEUTRAL = (
    "Order {v} was shipped on Tuesday.",
    {"sku": "{v}", "stock": 41},
    "item,qty\n{v},12\n",
    "2024-05-02T10:11:12Z INFO batch {v} done in 412 ms",
)


def cases() -> list[Case]:
    """Return all negative cases."""
    return [*_written(), *_failing(), *_never_issued(), *_without_context(), *_drawn()]


def altered(value: str) -> str:
    """Return the value with its last letter or digit moved on by one, so that no check digit fits any more."""
    alphabet = string.digits if value[-1].isdigit() else UPPER if value[-1].isupper() else "abcdefghijkmnopqrstuvwxyz"
    return value[:-1] + alphabet[(alphabet.index(value[-1]) + 1) % len(alphabet)]


def _written() -> list[Case]:
    found = []
    for path in sorted(WRITTEN.glob("*.yaml")):
        for group, items in yaml.safe_load(path.read_text()).items():
            for place, item in enumerate(items):
                entry = item if isinstance(item, dict) and "case" in item else {"case": item}
                payload = _joined(entry["case"])
                payload = enveloped(payload, place) if isinstance(payload, str) else payload
                also, note = frozenset(entry.get("also", ())), entry.get("note", "")
                found.append(Case(id=f"negative-{group}-{place + 1}", kind="negative", way=group, payload=payload, also=also, note=note))
    return found


def _joined(item: Any) -> Any:
    if isinstance(item, dict):
        return {_joined(key): _joined(member) for key, member in item.items()}
    if isinstance(item, list):
        return [_joined(member) for member in item]
    return item.replace("{+}", "") if isinstance(item, str) else item


def _failing() -> list[Case]:
    found = []
    for detector in CHECKED:
        name = detector.split("/")[1]
        also = frozenset(OVERLAPS.get(name, ()))
        for place, value in enumerate(values()[detector][:3]):
            pool = [templates()[name][form][0] for form in ("prose", "member", "line")]
            payload = enveloped(filled(pool[place], altered(value)), place)
            case_id = f"negative-failing-{name}-{place + 1}"
            found.append(Case(id=case_id, kind="negative", way="failing check digits", payload=payload, also=also))
    return found


def _never_issued() -> list[Case]:
    found = []
    for name, made in NEVER_ISSUED.items():
        for place, value in enumerate(made):
            payload = enveloped(filled(templates()[name]["prose"][0], value), place)
            found.append(Case(id=f"negative-never-{name}-{place + 1}", kind="negative", way="never issued", payload=payload))
    return found


def _without_context() -> list[Case]:
    found = []
    for detector in WITHOUT_CONTEXT:
        name = detector.split("/")[1]
        also = frozenset({"pii/phone_us"} if name in ("uk_nhs", "us_npi") else ())
        for place, template in enumerate(NEUTRAL):
            value = values()[detector][place % len(values()[detector])]
            payload = enveloped(filled(template, value), place)
            case_id = f"negative-without-context-{name}-{place + 1}"
            found.append(Case(id=case_id, kind="negative", way="without context", payload=payload, also=also))
    return found


def _letters_and_digits(draw: Draw) -> str:
    """A word of ten signs in the shape of an Indian tax number, of a kind of holder that does not exist."""
    return draw.until(lambda: draw.chars(UPPER, 5) + draw.digits(4) + draw.chars(UPPER, 1), lambda text: not pan.is_valid(text))


def _number_id(draw: Draw) -> str:
    return f"shipment {draw.number(10**7, 10**8 - 1)}, crate {draw.number(10, 99)}-{draw.number(1000, 9999)}, dock {draw.number(1, 9)}"


DRAWN: dict[str, Callable[[Draw], Any]] = {
    "lock file": lambda d: {"node_modules/left": {"version": "1.3.0", "integrity": "sha512-" + base64_of(64)(d)}},
    "short integrity": lambda d: f"sha1-{base64_of(20)(d)}",
    "object id": lambda d: {"tree": d.chars(HEX, 40), "parents": [d.chars(HEX, 40)], "blob": d.chars(HEX, 64)},
    "md5": lambda d: f"{d.chars(HEX, 32)}  backup-{d.number(1, 99)}.tar.gz",
    "picture": lambda d: {"type": "image", "mimeType": "image/jpeg", "data": "/9j/4AAQSkZJRgABAQ" + base64_of(300)(d)},
    "binary": lambda d: {"blob": base64_of(240)(d), "mimeType": "application/octet-stream", "uri": "file:///build/app.bin"},
    "cursor": lambda d: {"cursor": urlsafe(d.octets(24)), "hasMore": True},
    "trace": lambda d: f"traceparent: 00-{d.chars(HEX, 32)}-{d.chars(HEX, 16)}-01",
    "session of a page": lambda d: f"https://shop.tallpine.io/cart?sid={d.chars(BASE62, 26)}&page={d.number(1, 9)}",
    "ten signs": lambda d: f"Voucher {_letters_and_digits(d)} is used up.",
    "shipment": _number_id,
    "colours": lambda d: " ".join(f"#{d.chars(HEX, 6)}" for _ in range(6)),
}


def _drawn() -> list[Case]:
    found = []
    for group, make in DRAWN.items():
        draw = Draw(f"negative {group}")
        for place in range(5):
            payload = enveloped(make(draw), place)
            case_id = f"negative-{re.sub('[^a-z0-9]+', '-', group)}-{place + 1}"
            found.append(Case(id=case_id, kind="negative", way=group, payload=payload))
    return found
