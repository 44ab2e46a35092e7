"""Personal and financial numbers that pass every check of their issuer, and belong to nobody we know."""

from collections.abc import Callable
from typing import Any

import phonenumbers
from stdnum import luhn
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import rtn

from tests.dlp.labelled import checksums
from tests.dlp.labelled.draw import DIGITS, HEX, UPPER, Draw

CARDS = (("4539", 16), ("5425", 16), ("4916", 16), ("3714", 15), ("6011", 16), ("2223", 16))
PHONES = ("+49 30 2#######", "+44 20 7946 0###", "+33 1 42 ## ## ##", "+91 98### #####", "+34 91# ### ###", "+46 8 5## ### ##")
NINO_PREFIXES = ("AB", "CE", "HK", "JR", "PX", "SH", "WM")
CONSONANTS = "BCDFGLMNPRSTVZ"


def made(name: str, make: Callable[[Draw], str], holds: Callable[[str], Any], count: int = 4) -> list[str]:
    """Return `count` different values for which `holds` is true."""
    draw = Draw(name)
    values: list[str] = []
    while len(values) < count:
        value = draw.until(lambda: make(draw), lambda text: bool(holds(text)))
        values += [value] if value not in values else []
    return values


def grouped(digits: str, sizes: tuple[int, ...], separator: str) -> str:
    """Return the digits in groups of the given sizes."""
    parts, start = [], 0
    for size in sizes:
        parts.append(digits[start : start + size])
        start += size
    return separator.join(parts)


def patterned(draw: Draw, pattern: str) -> str:
    """Return the pattern with a digit for each # and a capital for each @."""
    return "".join(draw.pick(DIGITS) if char == "#" else draw.pick(UPPER) if char == "@" else char for char in pattern)


def credit_cards() -> list[str]:
    """Cards of five networks, bare and grouped as they are printed."""
    draw, cards = Draw("credit_card"), []
    for place, (start, length) in enumerate(CARDS):
        body = start + draw.digits(length - 1 - len(start))
        digits = body + checksums.luhn(body)
        sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
        cards.append(digits if place % 3 == 2 else grouped(digits, sizes, " -"[place % 2]))
    return cards


def ibans() -> list[str]:
    """Accounts of five countries, in groups of four and together."""
    draw = Draw("iban accounts")
    accounts = [("DE", "50010517" + draw.digits(10)), ("GB", "NWBK" + draw.digits(14)), ("NL", "INGB" + draw.digits(10))]
    accounts += [("AT", "20111" + draw.digits(11)), ("CH", "00762" + draw.digits(12))]
    whole = [country + checksums.iban(country, account) + account for country, account in accounts]
    return [text if place % 2 else " ".join(text[at : at + 4] for at in range(0, len(text), 4)) for place, text in enumerate(whole)]


def day(draw: Draw, first_year: int = 1950, last_year: int = 1999) -> tuple[str, str, str]:
    """Return year, month and day as text of 4, 2 and 2 digits."""
    return str(draw.number(first_year, last_year)), f"{draw.number(1, 12):02d}", f"{draw.number(1, 28):02d}"


def _born(draw: Draw, order: str, rest: str) -> str:
    year, month, date = day(draw)
    text = order.replace("Y", year).replace("y", year[2:]).replace("m", month).replace("d", date)
    return patterned(draw, text + rest)


def _codice(draw: Draw) -> str:
    year, _, date = day(draw)
    body = draw.chars(CONSONANTS, 6) + year[2:] + draw.pick("ABCDEHLMPRST") + date + draw.pick(("H501", "F205", "L219", "D612"))
    return body + codicefiscale.calc_check_digit(body)


def _nir(draw: Draw) -> str:
    year, month, _ = day(draw)
    text = draw.pick("12") + year[2:] + month + draw.pick(("75", "69", "13", "33")) + draw.digits(6)
    return grouped(text + nir.calc_check_digits(text), (1, 2, 2, 2, 3, 3, 2), " ")


def _sweden(draw: Draw) -> str:
    year, month, date = day(draw)
    serial = draw.digits(3)
    return f"{draw.pick((year, year[2:]))}{month}{date}-{serial}{checksums.luhn(year[2:] + month + date + serial)}"


def _finland(draw: Draw) -> str:
    year, month, date = day(draw)
    return f"{date}{month}{year[2:]}-{draw.number(2, 899):03d}" + draw.pick("0123456789ABCDEFHJKLMNPRSTUVWXY")


def _ssn(text: str) -> bool:
    digits = text.replace("-", "")
    known = {"078051120", "219099999", "123456789", "987654321"}
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000" and digits not in known


def _nhs(text: str) -> bool:
    return bool(nhs.is_valid(text)) and text[0] in "467"  # the ranges that England gives out


def _phone(text: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(text, "US"))


IDENTITY: dict[str, list[str]] = {
    "us_ssn": made("us_ssn", lambda d: patterned(d, "###-##-####"), _ssn),
    "us_ssn_nodash": made("us_ssn_nodash", lambda d: d.digits(9), lambda v: _ssn(v) and v[0] != "0"),
    "us_itin": made("us_itin", lambda d: f"9{d.digits(2)}-{d.pick((*range(70, 89), 90, 91, 92, 94, 95))}-{d.digits(4)}", lambda v: True),
    "uk_nino": made("uk_nino", lambda d: patterned(d, f"{d.pick(NINO_PREFIXES)} ## ## ## {d.pick('ABCD')}"), lambda v: True, 2)
    + made("uk_nino_bare", lambda d: patterned(d, f"{d.pick(NINO_PREFIXES)}######{d.pick('ABCD')}"), lambda v: True, 2),
    "uk_nhs": made("uk_nhs", lambda d: patterned(d, "### ### ####"), _nhs, 2) + made("uk_nhs_bare", lambda d: d.digits(10), _nhs, 2),
    "ca_sin": made("ca_sin", lambda d: patterned(d, f"{d.pick('1234567')}## ### ###"), sin.is_valid, 2)
    + made("ca_sin_dash", lambda d: patterned(d, f"{d.pick('1234567')}##-###-###"), sin.is_valid, 2),
    "au_tfn": made(
        "au_tfn", lambda d: patterned(d, "### ### ###"), lambda v: v[0] != "0" and tfn.is_valid(v) and not luhn.is_valid(v.replace(" ", ""))
    ),
    "in_aadhaar": made(
        "in_aadhaar",
        lambda d: patterned(d, f"{d.pick('23456789')}### #### ####"),
        lambda v: aadhaar.is_valid(v) and not luhn.is_valid(v.replace(" ", "")),
    ),
    "in_pan": made("in_pan", lambda d: patterned(d, "@@@P@####@"), lambda v: "0000" not in v),
    "br_cpf": made("br_cpf", lambda d: patterned(d, "###.###.###-##"), cpf.is_valid),
    "de_steuer_id": made("de_steuer_id", lambda d: patterned(d, "## ### ### ###"), idnr.is_valid, 2)
    + made("de_steuer_id_bare", lambda d: d.digits(11), idnr.is_valid, 2),
    "fr_nir": made("fr_nir", _nir, nir.is_valid, 3) + [text.replace(" ", "") for text in made("fr_nir_bare", _nir, nir.is_valid, 2)],
    "es_dni": made("es_dni", lambda d: patterned(d, "########@"), lambda v: v[0] != "0" and dni.is_valid(v)),
    "es_nie": made("es_nie", lambda d: patterned(d, f"{d.pick('XYZ')}#######@"), nie.is_valid),
    "it_codice_fiscale": made("it_codice_fiscale", _codice, codicefiscale.is_valid),
    "nl_bsn": made("nl_bsn", lambda d: d.digits(9), lambda v: v[0] != "0" and bsn.is_valid(v)),
    "pl_pesel": made("pl_pesel", lambda d: _born(d, "ymd", "#####"), pesel.is_valid),
    "se_personnummer": made("se_personnummer", _sweden, personnummer.is_valid),
    "be_nn": made("be_nn", lambda d: _born(d, "y.m.d", "-###.##"), nn.is_valid),
    "fi_hetu": made("fi_hetu", _finland, hetu.is_valid),
    "passport_number": made("passport_us", lambda d: patterned(d, "5########"), lambda v: True, 2)
    + made("passport_letter", lambda d: patterned(d, f"{d.pick('ACK')}########"), lambda v: True, 2)
    + made("passport_india", lambda d: patterned(d, f"{d.pick('JKMNPRSTUVZ')}1######"), lambda v: True, 1),
}

FINANCIAL: dict[str, list[str]] = {
    "credit_card": credit_cards(),
    "iban": ibans(),
    "swift_bic": ["DEUTDEFF500", "BNPAFRPPXXX", "COBADEFF", "NDEASESS", "CHASUS33"],
    "us_aba_routing": made("us_aba_routing", lambda d: d.pick(("02", "03", "06", "11", "12", "26", "31")) + d.digits(7), rtn.is_valid),
    "btc_address": [checksums.base58check(version, Draw(f"btc {at}").octets(20)) for at, version in enumerate((0, 5, 0, 5))],
    "eth_address": ["0x" + checksums.eip55(Draw(f"eth {at}").chars(HEX, 40)) for at in range(3)] + ["0x" + Draw("eth low").chars(HEX, 40)],
}

CONTACT: dict[str, list[str]] = {
    "email": [
        "maria.keller@brightwater-clinic.org",
        "j.okafor+billing@northharbour.co.uk",
        "tomasz_nowak@pelikan-logistyka.pl",
        "DWeiss@Kessler-Maschinenbau.de",
        "svc-reports77@mail.tallpine.io",
    ],
    "phone_intl": [made(f"phone_intl {pattern}", lambda d, p=pattern: patterned(d, p), _phone, 1)[0] for pattern in PHONES],
    "phone_us": made("phone_us", lambda d: patterned(d, f"({d.pick(('206', '415', '312'))}) 555-4###"), _phone, 2)
    + made("phone_us_dash", lambda d: patterned(d, f"{d.pick(('617', '303', '512'))}-555-7###"), _phone, 1)
    + made("phone_us_dot", lambda d: patterned(d, f"{d.pick(('718', '404', '602'))}.555.8###"), _phone, 1),
    "us_npi": [body + checksums.npi(body) for body in made("us_npi", lambda d: d.pick("12") + d.digits(8), lambda v: True)],
    "us_dea": [
        text + checksums.dea(text[2:]) for text in made("us_dea", lambda d: d.pick("ABFM") + patterned(d, "@######"), lambda v: True)
    ],
    "medical_record": made("medical_record", lambda d: d.pick(("00", "4", "7")) + d.digits(6), lambda v: True),
    "date_of_birth": ["1984-03-12", "03/27/1971", "12 March 1990", "1967-11-05", "19.08.1958"],
}

LABEL: dict[str, list[str]] = {
    "classification_marking": ["TOP SECRET//SI//NOFORN", "TLP:RED", "STRICTLY CONFIDENTIAL", "SECRET//NOFORN", "TLP:AMBER"],
}
