"""All validators by name, for detectors to refer to. A validator takes a candidate and where it stands and returns how many characters of it hold, 0 for none."""

from collections.abc import Callable, Mapping

from gatebook.dlp import validators_contact, validators_identity, validators_indicator, validators_money, validators_secret
from gatebook.dlp.around import Around

Validator = Callable[[str, Around], int]

_IDENTITY = (
    "us_ssn", "us_itin", "uk_nino", "uk_nhs", "ca_sin", "au_tfn", "in_aadhaar", "br_cpf", "de_steuer_id", "fr_nir", "es_dni", "es_nie", "it_codice_fiscale",
    "nl_bsn", "pl_pesel", "se_personnummer", "be_nn", "fi_hetu", "us_npi", "us_dea",
)  # fmt: skip
_MODULES = (
    (validators_identity, _IDENTITY),
    (validators_money, ("credit_card", "iban", "swift_bic", "us_aba_routing", "btc_address", "eth_address")),
    (
        validators_secret,
        (
            "not_placeholder",
            "random_mixed",
            "aws_secret_key",
            "jwt",
            "pem_body",
            "url_password",
            "bearer_token",
            "generic_secret",
            "gatebook_token",
        ),
    ),
    (validators_contact, ("email", "phone_intl", "phone_us", "date_of_birth", "medical_record", "passport_number")),
    (validators_indicator, ("hidden_unicode", "exfiltration_url")),
)

VALIDATORS: Mapping[str, Validator] = {name: getattr(module, name) for module, names in _MODULES for name in names}
