"""Encoded cases: every way of hiding with several detectors each; and the gaps that the product admits."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.dlp.labelled import evasions
from tests.dlp.labelled.case import Case, Expected, Kind
from tests.dlp.labelled.plain import also, enveloped, expected, filled, templates, values

Hide = Callable[[str], str]

NUMBERS = ("pii/credit_card", "pii/us_ssn", "pii/iban", "pii/phone_intl", "pii/in_aadhaar", "pii/br_cpf")
TOKENS = ("secret/aws_access_key_id", "secret/github_pat", "secret/slack_token", "secret/stripe_key", "secret/google_api_key")
MIXED = (
    "pii/credit_card",
    "pii/email",
    "secret/github_pat",
    "pii/us_ssn",
    "secret/anthropic_key",
    "pii/pl_pesel",
    "secret/url_with_password",
)
CONTEXTUAL = ("pii/uk_nhs", "pii/nl_bsn", "pii/us_ssn_nodash", "pii/passport_number", "secret/generic_secret", "pii/us_npi")

# The value alone is hidden; the words around it are plain.
VALUE_WAYS: dict[str, tuple[Hide, tuple[str, ...]]] = {
    "fullwidth": (evasions.fullwidth, ("pii/credit_card", "pii/us_ssn", "pii/email", "secret/aws_access_key_id", "pii/es_dni")),
    "fullwidth digits": (evasions.fullwidth_digits, (*NUMBERS, "pii/email", *CONTEXTUAL[:3])),
    "zero-width": (evasions.sprinkled("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"), (*NUMBERS, *TOKENS, "pii/email", "pii/nl_bsn")),
    "soft hyphen": (evasions.sprinkled("\u00ad"), (*NUMBERS[:4], *TOKENS[:3], "pii/email")),
    "U+2011": (evasions.nonbreaking_hyphens, ("pii/us_ssn", "pii/us_itin", "pii/se_personnummer", "secret/slack_token", "secret/gitlab_pat")),
    "bidi": (evasions.bidi, (*NUMBERS[:4], *TOKENS[:3], "pii/email", "pii/it_codice_fiscale")),
    "tag characters between": (evasions.sprinkled("\U000e0041", "\U000e007f"), (*NUMBERS[:3], *TOKENS[:3], "pii/email")),
    "combining marks": (evasions.combining, ("pii/credit_card", "pii/us_ssn", "secret/aws_access_key_id", "pii/email", "pii/pl_pesel")),
    "look-alike in the value": (lambda v: evasions.lookalikes(v[:2]) + v[2:], ("secret/aws_access_key_id", "pii/uk_nino", "pii/es_nie")),
    "newline before": (lambda v: "\n" + v, (*NUMBERS, *TOKENS, "pii/email", "pii/date_of_birth", *CONTEXTUAL[:3])),
    "tab before": (lambda v: "\t" + v, (*NUMBERS[:3], *TOKENS[:3], "pii/email", "secret/npm_token")),
    "carriage return before": (lambda v: "\r\n" + v + "\r\n", (*NUMBERS[:3], *TOKENS[:3], "pii/email")),
    "form feed before": (lambda v: "\f" + v + "\b", ("pii/us_ssn", "secret/github_pat", "pii/email", "pii/fi_hetu")),
    "control sign before": (lambda v: "\u001b" + v + "\u0007", ("pii/us_ssn", "secret/github_pat", "pii/email", "pii/credit_card")),
    "percent": (evasions.percent_all, ("pii/credit_card", "pii/email", "secret/github_pat", "pii/us_ssn", "pii/iban")),
    "entities": (evasions.entities, ("pii/credit_card", "pii/email", "secret/aws_access_key_id", "pii/us_ssn", "pii/br_cpf")),
    "named entities": (evasions.named_entities, ("pii/email", "secret/slack_token", "pii/us_ssn", "secret/url_with_password")),
    "bold": (evasions.bold_middle, ("secret/github_pat", "secret/aws_access_key_id", "pii/credit_card", "pii/us_ssn", "pii/email")),
    "code spans": (evasions.code_spans, ("secret/github_pat", "pii/iban", "pii/credit_card")),
    "escaped markdown": (evasions.escaped_markdown, ("secret/github_pat", "secret/stripe_key", "secret/slack_token", "pii/us_ssn", "pii/email")),
}  # fmt: skip

# The whole text is hidden: the value and the words around it.
TEXT_WAYS: dict[str, tuple[Hide, tuple[str, ...]]] = {
    "embedded JSON 1": (evasions.embedded(1), (*MIXED, *CONTEXTUAL)),
    "embedded JSON 2": (evasions.embedded(2), (*MIXED, "pii/date_of_birth")),
    "embedded JSON 3": (evasions.embedded(3), MIXED[:5]),
    "base64": (evasions.base64_text, (*MIXED, *CONTEXTUAL, "secret/private_key_pem", "pii/iban", "pii/date_of_birth")),
    "base64 in lines": (evasions.base64_lines, MIXED[:5]),
    "base64url": (evasions.base64_url, (*MIXED, *CONTEXTUAL[:2])),
    "data URI": (evasions.data_uri, MIXED),
    "base64 twice": (lambda text: evasions.base64_text(evasions.base64_text(text)), MIXED[:4]),
    "percent text": (evasions.percent, (*MIXED, "pii/phone_intl")),
    "form": (evasions.form_encoded, (*MIXED[:4], "pii/phone_intl", "pii/iban")),
    "gzip and base64": (evasions.gzip_base64, MIXED[:4]),
    "quoted-printable": (evasions.quoted_printable, ("pii/email", "pii/us_ssn", "secret/github_pat", "secret/slack_token")),
    "look-alikes in keywords": (evasions.lookalikes, ()),
}  # fmt: skip

NUMBER_KEYS = {
    "pii/credit_card": "card_number", "pii/us_ssn_nodash": "ssn", "pii/pl_pesel": "pesel", "pii/nl_bsn": "bsn", "pii/us_npi": "npi",
    "pii/uk_nhs": "nhs_number", "pii/us_aba_routing": "routing_number", "pii/de_steuer_id": "steuer_id", "pii/au_tfn": "tfn",
}  # fmt: skip
KEYWORD_TEXTS = {
    "pii/uk_nhs": "The patient's NHS number is {v}.",
    "pii/nl_bsn": "BSN {v} staat op het formulier.",
    "pii/us_ssn_nodash": "Her SSN is {v}.",
    "pii/passport_number": "passport no {v}, expires in 2031.",
    "secret/generic_secret": "password: {v}",
    "pii/pl_pesel": "PESEL number {v} is on the contract.",
}
LINE_STARTS = "\n\t\r\f\u001b"


def cases() -> list[Case]:
    """Return all encoded cases and all gaps."""
    found = [*_values_hidden(), *_texts_hidden(), *_keywords(), *_escapes(), *_numbers(), *_keys(), *_spelled(), *_broken_json()]
    return found + _gaps()


def _case(kind: Kind, way: str, detector: str, content: dict[str, Any], place: int, hidden: str = "") -> Case:
    """Return a case; the content is `payload` or `raw`. A value is expected as a person wrote it, or as it is `hidden`."""
    wanted = expected(detector, values()[detector][place % len(values()[detector])])
    if hidden:
        wanted = replace(wanted, others=(*wanted.others, hidden))
    case_id = f"{kind}-{re.sub(r'[^a-z0-9]+', '-', way.lower())}-{detector.split('/')[1]}-{place + 1}"
    return Case(id=case_id, kind=kind, way=way, expect=(wanted,), also=also(detector), **content)


def _prose(detector: str, place: int) -> str:
    choices = templates()[detector.split("/")[1]]["prose"]
    return str(choices[place % len(choices)])


def _values_hidden() -> list[Case]:
    found = []
    for way, (hide, detectors) in VALUE_WAYS.items():
        for at, detector in enumerate(detectors):
            value = values()[detector][at % len(values()[detector])]
            text = _prose(detector, at)
            if hide("0")[0] in LINE_STARTS:
                text = text.replace(" {v}", "{v}").replace("<{v}>", "{v}")
            found.append(_case("encoded", way, detector, {"payload": enveloped(filled(text, hide(value)), at)}, at, hide(value)))
    return found


def _texts_hidden() -> list[Case]:
    found = []
    for way, (hide, detectors) in TEXT_WAYS.items():
        for at, detector in enumerate(detectors):
            value = values()[detector][at % len(values()[detector])]
            found.append(_case("encoded", way, detector, {"payload": enveloped(hide(filled(_prose(detector, at), value)), at)}, at))
    return found


def _keywords() -> list[Case]:
    found = []
    for at, (detector, text) in enumerate(KEYWORD_TEXTS.items()):
        value = values()[detector][at % len(values()[detector])]
        payload = enveloped(filled(evasions.lookalikes(text.replace("{v}", "\0")).replace("\0", "{v}"), value), at)
        found.append(_case("encoded", "look-alikes in keywords", detector, {"payload": payload}, at))
    return found


def _escapes() -> list[Case]:
    found = []
    for at, detector in enumerate((*MIXED, *CONTEXTUAL, "secret/slack_webhook")):
        text = filled(_prose(detector, at), values()[detector][at % len(values()[detector])])
        raw = '{"content":[{"type":"text","text":' + evasions.unicode_escapes(text) + "}]}"
        found.append(_case("encoded", "unicode escapes", detector, {"raw": raw}, at))
    slashed = (
        "secret/slack_webhook",
        "secret/url_with_password",
        "secret/discord_webhook",
        "secret/aws_secret_key",
        "secret/azure_storage_key",
    )
    for at, detector in enumerate(slashed):
        text = filled(_prose(detector, at), values()[detector][at % len(values()[detector])])
        found.append(_case("encoded", "escaped slash", detector, {"raw": '{"body":' + evasions.escaped_slashes(text) + "}"}, at))
    return found


def _numbers() -> list[Case]:
    found = []
    for at, (detector, key) in enumerate(NUMBER_KEYS.items()):
        for place, value in enumerate(values()[detector]):
            digits = re.sub(r"\D", "", value)
            if digits[0] != "0" and (detector != "pii/credit_card" or place < 3):
                payload = enveloped({"id": 4411 + at, key: int(digits)}, place)
                found.append(_case("encoded", "JSON number", detector, {"payload": payload}, place))
    return found


def _keys() -> list[Case]:
    found = []
    for at, detector in enumerate(
        ("pii/email", "pii/credit_card", "pii/us_ssn", "pii/iban", "secret/github_pat", "pii/phone_intl", "pii/es_dni")
    ):
        value = values()[detector][at % len(values()[detector])]
        payload = enveloped({"byCustomer": {value: {"orders": 4, "total": 129.5}, "other": {"orders": 1, "total": 9.9}}}, at)
        found.append(_case("encoded", "in a key", detector, {"payload": payload}, at))
    return found


def _spelled() -> list[Case]:
    found = []
    for at, value in enumerate(values()["pii/email"]):
        hide = evasions.bracketed_email if at % 2 else evasions.spelled_email
        payload = enveloped(f"Write to {hide(value)} for an answer.", at)
        wanted = Expected(detector="pii/email", value=value, others=(hide(value),))
        found.append(Case(id=f"encoded-spelled-email-{at + 1}", kind="encoded", way="spelled e-mail", payload=payload, expect=(wanted,)))
    return found


def _broken_json() -> list[Case]:
    """Texts that are JSON to some readers and not to others; to refuse them is as good as to find the value."""
    found = []
    for at, detector in enumerate(("secret/github_pat", "pii/us_ssn", "pii/credit_card", "pii/email")):
        value = values()[detector][at % len(values()[detector])]
        text = json.dumps(filled(_prose(detector, at), value))
        for way, raw in (
            ("duplicate keys", f'{{"note":{text},"note":"nothing here"}}'),
            ("NaN", f'{{"ratio":NaN,"limit":Infinity,"note":{text}}}'),
            ("lone surrogate", f'{{"emoji":"\\ud83d","note":{text[:-1]}\\udc00"}}'),
        ):
            found.append(_case("hostile", way, detector, {"raw": raw}, at))
    return found


def _gaps() -> list[Case]:
    found = []
    for at, detector in enumerate(("pii/credit_card", "secret/github_pat", "pii/us_ssn", "pii/email")):
        value = values()[detector][at % len(values()[detector])]
        half = len(value) // 2
        found.append(_case("gap", "split over leaves", detector, {"payload": {"part1": value[:half], "part2": value[half:]}}, at))
        text = filled(_prose(detector, at), evasions.spaced(value))
        found.append(_case("gap", "spaced out", detector, {"payload": enveloped(text, at)}, at))
        text = filled(_prose(detector, at), value)
        found.append(_case("gap", "hex", detector, {"payload": enveloped(evasions.hexadecimal(text), at)}, at))
        text = filled(_prose(detector, at), evasions.as_tags(value))
        found.append(_case("gap", "all in tag characters", detector, {"payload": enveloped(text, at)}, at))
    return found
