"""Numbers of money: cards, accounts, banks and wallets."""

from gatebook.dlp.detector import Detector

LEAD = r"(?:[^0-9A-Za-z]|\\[bfnrt])"

DETECTORS = (
    Detector(
        id="pii/credit_card", severity="high", title="Payment card number", validator="credit_card",
        pattern=r"\b(?:(?:4\d{3}|5[0-9]\d{2}|2[2-7]\d{2}|6\d{3}|3[0-9]\d{2})(?:[ -]?\d{4}){3}(?:[ -]?\d{3})?|3[0-9]\d{2}[ -]?\d{6}[ -]?\d{4,5}|4\d{12})\b",
        probe=rf"{LEAD}(?:[4-6]\d{{3}}|2[2-7]\d{{2}}|3\d{{3}})[ -]?(?:\d{{4}}[ -]?\d{{4}}|\d{{6}}[ -]?\d{{3}}|\d{{8}})",
        examples=("4242 4242 4242 4242", "5555-5555-5555-4444", "378282246310005", "card 4111111111111111", "6011 1111 1111 1117"),
        non_examples=("4242 4242 4242 4241", "0.4242424242424242", "order 4242424242424242", "1234567890123456", "4242-4242 4242-4242"),
    ),
    Detector(
        id="pii/iban", severity="high", title="Bank account number (IBAN)", validator="iban",
        pattern=r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b", probe=rf"{LEAD}[A-Z]{{2}}\d{{2}}[ -]?[A-Z0-9]{{4}}[ -]?[A-Z0-9]{{4}}",
        examples=("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "FR1420041010050500013M02606"), non_examples=("DE89 3704 0044 0532 0130 01", "XX89 3704 0044 0532 0130 00"),
    ),
    Detector(
        id="pii/swift_bic", severity="low", title="Bank identifier (BIC)", validator="swift_bic",
        pattern=r"\b[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\b", probe=r"[A-Z]{6}[A-Z0-9]{2}", context=("bic", "swift"),
        examples=("BIC: COBADEFFXXX", "SWIFT code DEUTDEFF500", "<BIC>COBADEFF</BIC>"), non_examples=("BIC: COBAZZFFXXX", "DEUTDEFF500"),
    ),
    Detector(
        id="pii/us_aba_routing", severity="medium", title="US bank routing number", validator="us_aba_routing",
        pattern=r"\b\d{9}\b", probe=rf"{LEAD}\d{{9}}\b", context=("routing", "aba", "rtn"), examples=("routing number 021000021",), non_examples=("routing number 021000022", "021000021"),
    ),
    Detector(
        id="pii/btc_address", severity="medium", title="Bitcoin address", validator="btc_address",
        pattern=r"\b(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71})\b",
        probe=rf"{LEAD}(?:[13][1-9A-HJ-NP-Za-km-z]{{25}}|bc1[02-9ac-hj-np-z]{{11}}|BC1[02-9AC-HJ-NP-Z]{{11}})",
        examples=("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"), non_examples=("1BoatSLRHtKNngkdXEeobR76b53LETtpyU",),
    ),
    Detector(
        id="pii/eth_address", severity="medium", title="Ethereum address", validator="eth_address",
        pattern=r"\b0x[0-9a-fA-F]{40}\b", probe=r"0x[0-9a-fA-F]{40}",
        examples=("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
        non_examples=("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    ),
)  # fmt: skip
