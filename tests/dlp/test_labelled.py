"""The labelled set itself: complete, true and the same every time."""

import base64
import gzip
import html
import json
import quopri
import re
import urllib.parse
from collections import Counter
from typing import Any

import phonenumbers
import pytest
from stdnum import bic, bitcoin, iban, luhn
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import itin, rtn, ssn

from tests.dlp.labelled import checksums, evasions, generate, negatives, ordinary, plain
from tests.dlp.labelled.case import Case, Expected, folded
from tests.dlp.labelled.detectors import DETECTORS
from tests.dlp.labelled.draw import Draw
from tests.dlp.labelled.judging import judge, judge_ordinary, table
from tests.dlp.labelled.shapes import SHAPES

VALID = {
    "credit_card": luhn, "iban": iban, "swift_bic": bic, "us_aba_routing": rtn, "btc_address": bitcoin, "us_ssn": ssn, "us_ssn_nodash": ssn,
    "us_itin": itin, "uk_nhs": nhs, "ca_sin": sin, "au_tfn": tfn, "in_aadhaar": aadhaar, "in_pan": pan, "br_cpf": cpf, "de_steuer_id": idnr,
    "fr_nir": nir, "es_dni": dni, "es_nie": nie, "it_codice_fiscale": codicefiscale, "nl_bsn": bsn, "pl_pesel": pesel,
    "se_personnummer": personnummer, "be_nn": nn, "fi_hetu": hetu,
}  # fmt: skip
ALTERED = [name for name in VALID if f"pii/{name}" in negatives.CHECKED]
TEXT = "Card 4539-1488, maria@firm.org? Ünïted & <co>"


def leaves(value: Any) -> list[str]:
    """Return all keys and scalars of a payload as text."""
    if isinstance(value, dict):
        return [text for key, member in value.items() for text in (key, *leaves(member))]
    if isinstance(value, list):
        return [text for member in value for text in leaves(member)]
    return [str(value)]


def _is_valid(name: str, value: str) -> bool:
    return bool(VALID[name].is_valid(re.sub("[ -]", "", value) if name == "credit_card" else value))


def test_there_are_77_detectors() -> None:
    """The list has every detector once."""
    assert len(DETECTORS) == len(set(DETECTORS)) == 77
    assert set(plain.values()) == set(DETECTORS)


def test_ids_are_unique() -> None:
    """No two cases have one id."""
    assert not [case_id for case_id, count in Counter(case.id for case in generate.cases()).items() if count > 1]


def test_there_are_enough_cases() -> None:
    """At least 900 true cases, 300 negatives and 3,000 ordinary payloads."""
    assert len(generate.of_kind("plain")) >= 900
    assert len(generate.of_kind("encoded")) >= 250
    assert len(generate.of_kind("negative")) >= 300
    assert ordinary.COUNT >= 3_000
    assert sum(1 for _ in ordinary.payloads()) == ordinary.COUNT


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("form", plain.FORMS)
def test_every_detector_is_asked_in_every_form(detector: str, form: str) -> None:
    """Each detector has at least three different values in prose, in members, in CSV and in lines of code, logs or configuration."""
    found = {one.value for case in generate.of_kind("plain") if case.way == form for one in case.expect if one.detector == detector}
    assert len(found) >= 3


def test_every_body_is_json() -> None:
    """Each case and each ordinary payload is a JSON text."""
    for case in generate.cases():
        json.loads(case.body())
    for _, payload in ordinary.payloads(120):
        assert json.loads(json.dumps(payload)) == payload


def test_plain_values_stand_in_their_payload() -> None:
    """The value of a plain case, or a piece of it that does as well, is in one leaf of the payload."""
    bad = []
    for case in generate.of_kind("plain"):
        texts = [folded(text) for text in leaves(case.payload)]
        for one in case.expect:
            if not any(folded(value) in text for value in (one.value, *one.others) for text in texts):
                bad.append(case.id)
    assert not bad


def test_no_template_leaves_a_gap() -> None:
    """No placeholder of a template is left in a payload."""
    placeholder = re.compile(r"\{(?:v|esc|name|ENV|field|struct|indented|\+)\}")
    assert not [case.id for case in generate.cases() if placeholder.search(case.body().decode())]


def test_negatives_hold_no_value_of_a_true_case() -> None:
    """A value with context stands in no negative case, except where the missing context is the point."""
    texts = {case.id: " ".join(leaves(case.payload)) for case in generate.of_kind("negative") if case.way != "without context"}
    made = [value for group in plain.values().values() for value in group if not re.fullmatch(r"[\d./-]+|[A-Z:/ ]+|\d+ March \d+", value)]
    assert not [(case_id, value) for case_id, text in texts.items() for value in made if value in text]


def test_the_set_is_the_same_every_time() -> None:
    """Two sources with one name draw the same, two names draw differently."""
    assert Draw("a").octets(16) == Draw("a").octets(16) != Draw("b").octets(16)
    assert list(ordinary.payloads(80)) == list(ordinary.payloads(80))
    assert plain.cases() == plain.cases()


@pytest.mark.parametrize("name", VALID)
def test_numbers_are_valid(name: str) -> None:
    """python-stdnum accepts every number."""
    assert not [value for value in plain.values()[f"pii/{name}"] if not _is_valid(name, value)]


@pytest.mark.parametrize("name", ALTERED)
def test_altered_numbers_are_not_valid(name: str) -> None:
    """python-stdnum refuses each number whose last sign was moved on."""
    assert not [value for value in plain.values()[f"pii/{name}"] if _is_valid(name, negatives.altered(value))]


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_values_have_the_documented_shape(name: str) -> None:
    """Each credential, and each number without a module in python-stdnum, is as its issuer describes it."""
    (made,) = [values for detector, values in plain.values().items() if detector.split("/")[1] == name]
    assert not [value for value in made if not re.fullmatch(SHAPES[name], value)]


def test_every_secret_has_a_shape() -> None:
    """No credential goes unchecked."""
    assert not [name for name in DETECTORS if name.startswith("secret/") and name.split("/")[1] not in SHAPES]


@pytest.mark.parametrize("name", ["phone_intl", "phone_us"])
def test_phone_numbers_are_possible(name: str) -> None:
    """phonenumbers takes each for a valid number of its country."""
    parsed = [phonenumbers.parse(value, "US") for value in plain.values()[f"pii/{name}"]]
    assert all(phonenumbers.is_valid_number(number) for number in parsed)


def test_check_digits_agree_with_published_examples() -> None:
    """NPI, DEA, Luhn, base58check and EIP-55 give what their specifications print."""
    assert checksums.npi("123456789") == "3"
    assert checksums.dea("123456") == "3"
    assert checksums.luhn("7992739871") == "3"
    assert checksums.iban("GB", "WEST12345698765432") == "82"
    assert checksums.base58check(0, bytes.fromhex("62e907b15cbf27d5425399ebf6f0fb50ebb88f18")) == "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
    assert checksums.keccak256(b"").hex().startswith("c5d2460186f7233c927e7db2dcc703c0")
    assert checksums.eip55("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed") == "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        (evasions.base64_text(TEXT), lambda text: base64.b64decode(text).decode()),
        (evasions.base64_lines(TEXT * 4), lambda text: base64.b64decode(text).decode()[: len(TEXT)]),
        (evasions.base64_url(TEXT), lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()),
        (evasions.gzip_base64(TEXT), lambda text: gzip.decompress(base64.b64decode(text)).decode()),
        (evasions.hexadecimal(TEXT), lambda text: bytes.fromhex(text).decode()),
        (evasions.percent(TEXT), urllib.parse.unquote),
        (evasions.percent_all(TEXT), urllib.parse.unquote),
        (evasions.form_encoded(TEXT), lambda text: urllib.parse.parse_qs(text)["text"][0]),
        (evasions.entities(TEXT), html.unescape),
        (evasions.quoted_printable(TEXT), lambda text: quopri.decodestring(text).decode()),
        (evasions.unicode_escapes(TEXT), json.loads),
        (evasions.escaped_slashes(TEXT), json.loads),
        (evasions.embedded(2)(TEXT), lambda text: json.loads(json.loads(text)["level1"])["level2"]),
    ],
)
def test_what_is_hidden_can_be_shown(hidden: str, shown: Any) -> None:
    """Each encoding, taken back by the standard library, gives the text."""
    assert shown(hidden) == TEXT


@pytest.mark.parametrize("hide", [evasions.fullwidth, evasions.sprinkled("\u200b"), evasions.bidi, evasions.combining, evasions.spaced])
def test_disguises_keep_the_letters(hide: Any) -> None:
    """A disguised value folds to the value, and is not the value."""
    value = "4539-1488 maria@firm.org"
    assert hide(value) != value
    assert folded(hide(value)) == folded(value)


def test_a_perfect_scanner_passes_and_a_blind_one_fails() -> None:
    """The judge gives 1 to a scanner that knows the answers and 0 to one that finds nothing."""
    known = {case.body(): [(one.detector, one.value) for one in case.expect] for case in generate.cases()}
    perfect = judge(lambda body: known[body], generate.cases())
    assert perfect.recall("plain") == perfect.recall("encoded") == 1.0
    assert not perfect.invented_ids
    blind = judge(lambda body: [], generate.cases())
    assert blind.recall("plain") == blind.recall("plain", "pii/iban") == 0.0
    assert len(blind.missed_ids) == sum(len(case.expect) for case in generate.cases())


def test_a_scanner_that_cries_wolf_is_caught() -> None:
    """A finding on every payload is false on every negative case and on every ordinary payload."""
    wolf = [("indicator/hidden_text", "x"), ("pii/email", "x")]
    verdict = judge(lambda body: wolf, generate.of_kind("negative"))
    assert verdict.invented["negative", "indicator/hidden_text"] == len(generate.of_kind("negative"))
    false = judge_ordinary(lambda body: wolf, ordinary.payloads(40))
    assert len(false) == 40
    assert re.search(r"pii/email +- +- +0 +\d{3}\n", table(verdict, false, 40))


@pytest.mark.parametrize(
    ("detector", "value", "met"),
    [
        ("pii/us_ssn", "708-86-4808", True),
        ("pii/us_ssn", "708 86 4808", True),
        ("pii/us_ssn", "ssn=708-86-4808", True),
        ("pii/us_ssn", "708-86-480", False),
        ("pii/us_ssn", "708-86-4808" + "x" * 60, False),
        ("pii/us_itin", "708-86-4808", False),
    ],
)
def test_a_finding_has_to_cover_the_value(detector: str, value: str, met: bool) -> None:
    """Separators and a few words around do not matter; a part of the value, another detector or half the text do."""
    assert Expected(detector="pii/us_ssn", value="708-86-4808").met_by(detector, value) is met


def test_a_refusal_counts_for_hostile_cases_only() -> None:
    """An exception is an answer to broken JSON, and an error of the scanner everywhere else."""

    def refuse(body: bytes) -> list[tuple[str, str]]:
        raise ValueError("no")

    hostile = [case for case in generate.cases() if case.kind == "hostile"]
    assert judge(refuse, hostile).recall("hostile") == 1.0
    with pytest.raises(ValueError, match="no"):
        judge(refuse, [Case(id="negative-x-1", kind="negative", way="x", payload=1)])
