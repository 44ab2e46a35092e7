"""How people are reached, and what health care writes about them."""

from gatebook.dlp.detector import Detector
from gatebook.dlp.detectors_money import LEAD

DETECTORS = (
    Detector(
        id="pii/email", severity="medium", title="E-mail address", validator="email",
        pattern=r"[0-9A-Za-z\u00c0-\u024f][0-9A-Za-z._%+'\u00c0-\u024f-]{0,63}@(?:[0-9A-Za-z\u00c0-\u024f](?:[0-9A-Za-z\u00c0-\u024f-]{0,61}[0-9A-Za-z\u00c0-\u024f])?\.){1,8}[A-Za-z]{2,24}\b".replace("\\u00c0", "\u00c0").replace("\\u024f", "\u024f"),
        probe=r"[0-9A-Za-z_+%'.\x80-\xff-]@[0-9A-Za-z\x80-\xff]",
        examples=("ann.miller@acme.com", "o'neil+x@mail.acme.co.uk", "jose@b\u00fccher.de"), non_examples=("ann at acme", "logo@2x.png", "git@github.com:acme/x.git", "a@b"),
    ),
    Detector(
        id="pii/phone_intl", severity="medium", title="Telephone number with country code", validator="phone_intl",
        pattern=r"\+[1-9](?:[ ./-]?\(?\d\)?){6,16}\b", probe=r"\+[1-9][ .()\d-]{2}",
        examples=("+49 30 901820", "+442079460958", "+1 212-736-5000"), non_examples=("+999 123 456 78", "+1 23", "1+234567890"),
    ),
    Detector(
        id="pii/phone_us", severity="medium", title="Telephone number of North America", validator="phone_us",
        pattern=r"(?:\b1[ .-]?)?(?:\([2-9]\d{2}\) ?|\b[2-9]\d{2}[ .-]?)\d{3}[ .-]?\d{4}\b",
        probe=r"\d{3}(?:[ .-]|\) ?)\d{3}[ .-]?\d{4}|(?i)phone[^0-9]{1,32}[1-9]|(?i)(?:tel|mobile|cell|fax|sms|call)[^0-9]{1,24}[1-9]",
        examples=("(212) 736-5000", "212-736-5000", "phone 2127365000"), non_examples=("2127365000", "112-736-5000", "v212.736.5000.1"),
    ),
    Detector(
        id="pii/us_npi", severity="low", title="US provider number (NPI)", validator="us_npi",
        pattern=r"\b[12]\d{9}\b", probe=r"[12]\d{9}", context=("npi", "national provider"), examples=("NPI 1245319599",), non_examples=("NPI 1245319598", "1245319599"),
    ),
    Detector(
        id="pii/us_dea", severity="medium", title="US prescriber number (DEA)", validator="us_dea",
        pattern=r"\b[A-HJ-NPR-UX][A-Z9]\d{7}\b", probe=r"[A-Z][A-Z9]\d{7}", context=("dea",), examples=("DEA BJ6125341",), non_examples=("DEA BJ6125342", "BJ6125341"),
    ),
    Detector(
        id="pii/medical_record", severity="high", title="Number of a medical record", validator="medical_record",
        pattern=r"\b(?:[A-Za-z]{1,4}-?)?\d{5,12}\b", probe=r"\d{5}",
        context=("mrn", "medical record", "patient id", "patient number", "patient no", "health record"),
        examples=("MRN: 00482913", "medical record number 7718264", "patient_id=P-883412"), non_examples=("MRN: 00000000", "7718264", "the medical record of 2020", "the medical record lists invoice 7718264", "MRN of ward 7718264"),
    ),
    Detector(
        id="pii/date_of_birth", severity="medium", title="Date of birth", validator="date_of_birth",
        pattern=r"(?i)\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:T[0-9:.]{4,16}(?:Z|[+-]\d\d:?\d\d)?)?|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}(?:st|nd|rd|th)?\.? (?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? \d{4})\b",
        probe=rf"{LEAD}(?:\d{{4}}|\d{{1,2}})[-/. \\]{{1,3}}\d{{1,2}}[-/. \\]{{1,3}}(?:\d{{4}}\b|\d{{1,2}}(?:\b|T))|" r"(?i)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}.{1,6}\d{4}|(?i)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec).{1,20}\d{4}",
        context=("dob", "d.o.b", "born", "birth", "birthday", "birthdate", "date of birth", "dateofbirth", "geburtsdatum", "geboren", "naissance", "nacimiento", "nascita"),
        examples=("DOB 1984-03-17", "born on March 3, 1984", "date of birth: 17/03/1984"), non_examples=("DOB 1984-13-37", "1984-03-17", "due 17/03/1984"),
    ),
)  # fmt: skip
