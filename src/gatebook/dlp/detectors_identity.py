"""Numbers that states give to people."""

from gatebook.dlp.detector import Detector
from gatebook.dlp.detectors_money import LEAD

DETECTORS = (
    Detector(
        id="pii/us_ssn", severity="high", title="US social security number", validator="us_ssn",
        pattern=r"\b(?:\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}|\d{3}\.\d{2}\.\d{4})\b", probe=r"\d{3}[- .]\d{2}[- .]\d{4}",
        examples=("536-22-1234", "SSN 536 22 1234"), non_examples=("000-12-3456", "078-05-1120", "666-12-3456", "912-34-5678", "536-22-12345", "536 22 1234"),
    ),
    Detector(
        id="pii/us_ssn_nodash", severity="high", title="US social security number without hyphens", validator="us_ssn",
        pattern=r"\b\d{9}\b", probe=rf"{LEAD}\d{{9}}\b", context=("ssn", "ssns", "social security", "social sec", "socialsecurity"), examples=("ssn 536221234",), non_examples=("536221234", "ssn 000123456"),
    ),
    Detector(
        id="pii/us_itin", severity="high", title="US individual taxpayer number", validator="us_itin",
        pattern=r"\b(?:9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}|9\d{2} ?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9]) ?\d{4})\b", probe=rf"{LEAD}9\d{{2}}[- ]?[5-9]\d[- ]?\d{{4}}",
        examples=("912-70-1234", "ITIN 912701234"), non_examples=("912-34-5678", "912701234"),
    ),
    Detector(
        id="pii/uk_nino", severity="high", title="UK national insurance number", validator="uk_nino",
        pattern=r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]\b", probe=rf"{LEAD}[A-Z]{{2}}[ -]?\d{{2}}[ -]?\d{{2}}[ -]?\d{{2}}[ -]?[A-D]",
        examples=("AB123456C", "JG 10 37 59 A"), non_examples=("QQ123456C", "GB123456A", "AB123456E"),
    ),
    Detector(
        id="pii/uk_nhs", severity="high", title="NHS number", validator="uk_nhs",
        pattern=r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", probe=r"\d{3}[ -]?\d{3}[ -]?\d{4}", context=("nhs", "national health"), examples=("NHS number 943 476 5919",), non_examples=("NHS number 943 476 5918", "943 476 5919"),
    ),
    Detector(
        id="pii/ca_sin", severity="high", title="Canadian social insurance number", validator="ca_sin",
        pattern=r"\b(?:\d{3}-\d{3}-\d{3}|\d{3} \d{3} \d{3}|\d{9})\b", probe=r"\d{3}[- ]\d{3}[- ]\d{3}\b|(?i)(?:sin|social.?insurance|sociale).{0,40}\d{9}",
        keyed=True, examples=("130-692-544", "SIN 130 692 544"), non_examples=("130-692-545", "130 692 544"),
    ),
    Detector(
        id="pii/au_tfn", severity="high", title="Australian tax file number", validator="au_tfn",
        pattern=r"\b\d{2,3}[ -]?\d{3}[ -]?\d{3}\b", probe=r"\d{2}[ -]?\d{3}[ -]?\d{3}", context=("tfn", "tax file"), examples=("TFN 123 456 782",), non_examples=("TFN 123 456 789", "123 456 782"),
    ),
    Detector(
        id="pii/in_aadhaar", severity="high", title="Aadhaar number", validator="in_aadhaar",
        pattern=r"\b(?:[2-9]\d{3} \d{4} \d{4}|[2-9]\d{3}-\d{4}-\d{4}|[2-9]\d{11})\b", probe=rf"{LEAD}[2-9]\d{{3}}[ -]?\d{{4}}[ -]?\d{{4}}",
        examples=("2345 6789 0124", "aadhaar 234567890124"), non_examples=("2345 6789 0123", "234567890124"),
    ),
    Detector(
        id="pii/in_pan", severity="medium", title="Indian tax account number (PAN)",
        pattern=r"\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b", probe=r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", examples=("AFZPK7190K",), non_examples=("AFZXK7190K", "AFZPK71901K"),
    ),
    Detector(
        id="pii/br_cpf", severity="high", title="Brazilian CPF", validator="br_cpf",
        pattern=r"\b(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11})\b", probe=r"\d{3}\.\d{3}\.\d{3}-\d{2}|(?i)cpf", keyed=True, examples=("529.982.247-25", "cpf 52998224725"), non_examples=("529.982.247-26", "52998224725"),
    ),
    Detector(
        id="pii/de_steuer_id", severity="high", title="German tax number", validator="de_steuer_id",
        pattern=r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b", probe=r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
        context=("steuer*", "idnr", "tax id", "tin", "identifikationsnummer", "idno"), examples=("Steuer-ID 86095742719",), non_examples=("Steuer-ID 86095742710", "86095742719"),
    ),
    Detector(
        id="pii/fr_nir", severity="high", title="French social security number", validator="fr_nir",
        pattern=r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}\b", probe=rf"{LEAD}[12] ?\d{{2}} ?\d{{2}} ?\d[\dABab] ?\d{{3}} ?\d{{3}} ?\d{{2}}",
        examples=("2 55 08 14 168 025 38", "255081416802538"), non_examples=("255081416802539",),
    ),
    Detector(
        id="pii/es_dni", severity="high", title="Spanish DNI", validator="es_dni",
        pattern=r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", probe=rf"{LEAD}\d{{8}}-?[A-Z]", examples=("12345678Z", "54362315-K"), non_examples=("12345678A",),
    ),
    Detector(
        id="pii/es_nie", severity="high", title="Spanish number of a foreigner", validator="es_nie",
        pattern=r"\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]\b", probe=r"[XYZ]-?\d{7}-?[A-Z]", examples=("X1234567L", "X-1234567-L"), non_examples=("X1234567A",),
    ),
    Detector(
        id="pii/it_codice_fiscale", severity="high", title="Italian fiscal code", validator="it_codice_fiscale",
        pattern=r"(?i)\b[a-z]{6}[0-9l-nqp-v]{2}[a-ehlmprst][0-9l-nqp-v]{2}[a-z][0-9l-nqp-v]{3}[a-z]\b", probe=r"[A-Z][0-9L-V]{2}[A-EHLMPRST][0-9L-V]{2}[A-Z][0-9L-V]{3}[A-Z]|[a-z]\d{2}[a-ehlmprst]\d{2}[a-z]\d{3}[a-z]",
        examples=("RSSMRA85T10A562S",), non_examples=("RSSMRA85T10A562X",),
    ),
    Detector(
        id="pii/nl_bsn", severity="high", title="Dutch citizen number", validator="nl_bsn",
        pattern=r"\b\d{4}\.?\d{2}\.?\d{2,3}\b", probe=r"\d{4}\.?\d{2}\.?\d{2}", context=("bsn", "burgerservice*", "sofi*"), examples=("BSN 111222333",), non_examples=("BSN 111222334", "111222333"),
    ),
    Detector(
        id="pii/pl_pesel", severity="high", title="Polish PESEL", validator="pl_pesel",
        pattern=r"\b\d{11}\b", probe=r"\d{11}", context=("pesel",), examples=("PESEL 44051401359",), non_examples=("PESEL 44051401358", "44051401359"),
    ),
    Detector(
        id="pii/se_personnummer", severity="high", title="Swedish personal number", validator="se_personnummer",
        pattern=r"\b(?:(?:19|20)?\d{6}[-+]\d{4}|(?:19|20)\d{10}|\d{10})\b", probe=r"\d{6}[-+]\d{4}|(?i)personnummer|(?i)personal.?identity|(?i)pnr|(?i)samordningsnummer",
        keyed=True, examples=("811218-9876", "19811218-9876"), non_examples=("811218-9875", "811318-9876", "8112189876"),
    ),
    Detector(
        id="pii/be_nn", severity="high", title="Belgian national number", validator="be_nn",
        pattern=r"\b(?:\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}|\d{11})\b", probe=r"\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}|(?i)rijksregister|(?i)registre.?national|(?i)national.?number|[^A-Za-z](?i:niss|insz|rrn)[^A-Za-z]",
        keyed=True, examples=("85.07.30-033.28",), non_examples=("85.07.30-033.29", "85073003328"),
    ),
    Detector(
        id="pii/fi_hetu", severity="high", title="Finnish personal code", validator="fi_hetu",
        pattern=r"\b\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]\b", probe=r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", examples=("131052-308T",), non_examples=("131052-308A", "321052-308T"),
    ),
    Detector(
        id="pii/passport_number", severity="high", title="Passport number", validator="passport_number",
        pattern=r"\b(?:[A-Z]{1,2}\d{6,8}|\d{9}|[A-Z]\d{2}[A-Z]{2}\d{4}|\d{2}[A-Z]{2}\d{5}|[CFGHJK][0-9CFGHJKLMNPRTVWXYZ]{8}|[A-Z]{3}\d{6})\b", probe=r"[A-Z0-9]{7}",
        context=("passport*", "pass no", "passnummer", "reisepass*", "passeport*", "pasaporte*", "passaporto"), examples=("passport number X1234567", "Passport: 533380006"), non_examples=("X1234567", "passport photo 1234"),
    ),
)  # fmt: skip
