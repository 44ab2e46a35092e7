"""Validators, against independent implementations and known cases."""

import random

import phonenumbers
import pytest
import stdnum.au.tfn
import stdnum.be.nn
import stdnum.ca.sin
import stdnum.es.dni
import stdnum.fi.hetu
import stdnum.fr.nir
import stdnum.gb.nhs
import stdnum.iban
import stdnum.nl.bsn
import stdnum.pl.pesel
import stdnum.us.rtn
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.dlp.around import Around, Purse
from gatebook.dlp.validators import VALIDATORS

ORACLES = {
    "uk_nhs": (stdnum.gb.nhs, r"[1-9][0-9]{9}"),
    "ca_sin": (stdnum.ca.sin, r"[1-79][0-9]{2}-[0-9]{3}-[0-9]{3}"),
    "au_tfn": (stdnum.au.tfn, r"[1-9][0-9]{8}"),
    "fr_nir": (stdnum.fr.nir, r"[12][0-9]{2}(?:0[1-9]|1[0-2])(?:[1-9][0-9]|2A)[0-9]{8}"),
    "es_dni": (stdnum.es.dni, r"[1-9][0-9]{7}[A-HJ-NP-TV-Z]"),
    "nl_bsn": (stdnum.nl.bsn, r"[1-9][0-9]{8}"),
    "pl_pesel": (stdnum.pl.pesel, r"[5-9][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])[0-9]{5}"),
    "fi_hetu": (stdnum.fi.hetu, r"(?:0[1-9]|1[0-9]|2[0-8])(?:0[1-9]|1[0-2])[0-9]{2}-[0-8][0-9][1-9][0-9A-FHJ-NPR-Y]"),
    "us_aba_routing": (stdnum.us.rtn, r"(?:0[1-9]|1[0-2]|2[1-9]|3[0-2])[0-9]{7}"),
}


def accepted(name: str, value: str, before: str = "", after: str = "", key: str = "") -> int:
    """Ask one validator about a value in a text."""
    text = before + value + after
    return VALIDATORS[name](value, Around(text, len(before), len(before) + len(value), key, Purse(10, 10)))


@pytest.mark.parametrize("name", ORACLES)
def test_a_validator_agrees_with_python_stdnum(name: str) -> None:
    """On numbers of the right form both say the same; repeated digits, which nobody is given, aside."""
    module, form = ORACLES[name]

    @settings(max_examples=200)
    @given(st.from_regex(form, fullmatch=True))
    def agree(value: str) -> None:
        if len(set(value)) > 2:
            assert bool(accepted(name, value)) == module.is_valid(value)

    agree()


@settings(max_examples=200)
@given(st.sampled_from([1, 7, 33, 44, 49, 39, 34, 353, 61, 91, 55, 48]), st.from_regex(r"[1-9][0-9]{6,10}", fullmatch=True))
def test_telephone_numbers_agree_with_phonenumbers(country: int, national: str) -> None:
    """A number is accepted when the library knows a kind of number of that form in one of the regions of its country code."""
    number = phonenumbers.PhoneNumber(country_code=country, national_number=int(national))
    if phonenumbers.is_valid_number(number):
        assert accepted("phone_intl", f"+{country} {national}")
    elif not phonenumbers.is_possible_number(number):
        assert not accepted("phone_intl", f"+{country} {national}")


def _known_numbers() -> set[str]:
    """Return the library's own examples of every kind in every country, each with a few near misses, as digits with country code."""
    dice = random.Random(5)
    kinds = [kind for kind in phonenumbers.PhoneNumberType.values() if kind <= phonenumbers.PhoneNumberType.VOICEMAIL]
    examples = [phonenumbers.example_number_for_type(region, kind) for region in phonenumbers.SUPPORTED_REGIONS for kind in kinds]
    examples += [phonenumbers.example_number_for_non_geo_entity(code) for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS]
    known = {phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164)[1:] for one in examples if one is not None}
    numbers = set(known)
    for digits in sorted(known):
        places = [dice.randrange(1, len(digits)) for _ in range(3)]
        numbers |= {f"{digits[:place]}{dice.randrange(10)}{digits[place + 1 :]}" for place in places}
        numbers |= {digits[:-1], f"{digits}{dice.randrange(10)}", f"{digits[:2]}0{digits[2:]}"}
    return numbers


def _library_says(digits: str) -> bool:
    """Whether the library knows the number, also without a zero that is dialled within a country."""
    code = next((digits[:size] for size in (1, 2, 3) if int(digits[:size]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), None)
    if code is None or code[0] == "0":
        return False
    rest = digits[len(code) :]
    for national in (rest, rest.removeprefix("0")):
        zeros = len(national) - len(national.lstrip("0"))
        number = phonenumbers.PhoneNumber(
            int(code), int(national or "0"), italian_leading_zero=zeros > 0, number_of_leading_zeros=zeros or None
        )
        if national.strip("0") and phonenumbers.is_valid_number(number):
            return True
    return False


def test_every_country_agrees_with_phonenumbers() -> None:
    """The compiled patterns say of every example of the library, and of numbers one digit away from it, what the library says."""
    wrong = {
        digits
        for digits in _known_numbers()
        if 7 <= len(digits) <= 15 and bool(accepted("phone_intl", f"+{digits}")) != _library_says(digits)
    }
    assert wrong == set()


def test_a_part_of_an_international_number_is_no_number_of_its_own() -> None:
    """What follows a country code is not found a second time, whatever the key says."""
    assert not accepted("phone_us", "212-736-5000", before="+1 ", key="phone")
    assert accepted("phone_us", "212-736-5000", before="x 1 ", key="phone")


@settings(max_examples=200)
@given(st.from_regex(r"DE[0-9]{20}|GB[0-9]{2}WEST[0-9]{14}", fullmatch=True))
def test_ibans_agree_with_python_stdnum(value: str) -> None:
    """The length of the country and both check digits."""
    assert bool(accepted("iban", value)) == stdnum.iban.is_valid(value)


def test_an_iban_ends_where_its_country_says() -> None:
    """What the pattern took along behind it is left out."""
    assert accepted("iban", "DE89 3704 0044 0532 0130 00 BIC") == len("DE89 3704 0044 0532 0130 00")


@pytest.mark.parametrize(
    ("before", "after", "key", "found"),
    [
        ("", "", "", True),
        ("0.", "", "", False),
        ("12-", "", "", False),
        ("", "-7", "", False),
        ("", " 12/27", "", True),
        ("12 ", "\n85", "", True),
        ("order ", "", "", False),
        ("", "", "trackingNumber", False),
        ("", "", "order_id card", True),
    ],
)
def test_bare_digits_are_a_card_unless_they_are_something_else(before: str, after: str, key: str, found: bool) -> None:
    """Fractions, parts of longer numbers and other named numbers are no cards."""
    assert bool(accepted("credit_card", "4242424242424242", before, after, key)) is found


@pytest.mark.parametrize(
    ("before", "after", "found"), [("", " 12/27 123", True), ("", " 4242", False), ("4242 ", "", False), ("1\n", "\n1", True)]
)
def test_groups_of_four_next_to_a_card_belong_to_a_longer_number(before: str, after: str, found: bool) -> None:
    """A further group of the same kind makes another number; a date of expiry or another line does not."""
    assert bool(accepted("credit_card", "4242 4242 4242 4242", before, after)) is found


@pytest.mark.parametrize(
    ("value", "before", "after", "found"),
    [
        ("ann@acme.com", "", "", True),
        ("ann@acme.com", "mailto:", "", True),
        ("pw@acme.com", "https://ann:", "/x", False),
        ("git@github.com", "", ":acme/x.git", False),
        ("logo@2x.png", "", "", False),
        ("a..b@acme.com", "", "", False),
        ("a@-acme.com", "", "", False),
    ],
)
def test_addresses(value: str, before: str, after: str, found: bool) -> None:
    """Mail addresses, not users of URLs and not names of files."""
    assert bool(accepted("email", value, before, after)) is found


@pytest.mark.parametrize(
    ("before", "value", "found"),
    [
        ("password=", "Tr0ub4dor-3xK", True),
        ('"api_key": "', "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4J", True),
        ("password: ", "reset", False),
        ("password=", "${DB_PASSWORD}", False),
        ("token_url=", "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4J", False),
        ("next_page_token=", "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4J", False),
        ("ClientToken=", "1b4e28ba-2fa1-41d2-883f-0016d3cca427", False),
        ("AWS::SecretsManager::Secret: ", "3bf4404734c82308", False),
        ("secret: ", "/run/secrets/db1", False),
        ("access_token=", "123456789012", False),
    ],
)
def test_generic_secrets(before: str, value: str, found: bool) -> None:
    """A random value under a name that means a secret; not words, references, page tokens or identifiers."""
    assert bool(accepted("generic_secret", value, before)) is found


@pytest.mark.parametrize(
    ("value", "found"), [("1984-03-17", True), ("17.03.84", True), ("March 3rd, 1984", True), ("1984-13-37", False), ("31/02/1984", False)]
)
def test_dates_of_birth(value: str, found: bool) -> None:
    """Days that exist, in the usual orders."""
    assert bool(accepted("date_of_birth", value)) is found


def test_expensive_checks_have_an_end() -> None:
    """When too many addresses were checked in one scan, further ones count as addresses."""
    wrong = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"
    purse = Purse(1000, 2)
    assert [bool(VALIDATORS["eth_address"](wrong, Around(wrong, 0, 42, "", purse))) for _ in range(3)] == [False, False, True]


def test_a_record_number_needs_its_name_close() -> None:
    """Right before it, as its key, or over its column; a name further away is about something else."""
    assert accepted("medical_record", "7718264", before="MRN: ") and accepted("medical_record", "7718264", key="patient_id")
    assert accepted("medical_record", "7718264", before="ward,mrn\n4,", after="\n")
    assert not accepted("medical_record", "7718264", before="ward,mrn\n", after=",4\n")
    assert not accepted("medical_record", "7718264", before="the medical record lists invoice ")


def test_eight_letters_are_a_bank_only_under_its_name() -> None:
    """As in a column or an element that is called BIC."""
    assert accepted("swift_bic", "COBADEFF", before="bank,bic\nHausbank,") and accepted(
        "swift_bic", "COBADEFF", before="<BIC>", after="</BIC>"
    )
    assert not accepted("swift_bic", "COBADEFF", before="the BIC of a bank is a ")


def test_a_signed_token_signs_claims() -> None:
    """The second part is JSON too, unless the head says that it is encrypted."""
    assert accepted("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI4In0.k3Lm9Qp2Rt7Vx1Zb") and accepted(
        "jwt", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..48V1.5eym.XFBo"
    )
    assert not accepted("jwt", "eyJhbGciOiJub25lIn0.not-claims.k3Lm9Qp2Rt7Vx1Zb")


def test_words_of_any_alphabet_are_no_secret() -> None:
    """A translation of a label stands where secrets stand."""
    assert not accepted("generic_secret", "API-Schl\u00fcssel", before="api_key=")
    assert accepted("generic_secret", "iIemifFshN3TZpRtf7", before="api_key=")
