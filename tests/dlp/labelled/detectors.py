"""The detectors that are judged, by family; their names are public interface."""

SECRET = """
aws_access_key_id aws_secret_key github_pat github_fine_grained gitlab_pat slack_token slack_app_token slack_webhook stripe_key
google_api_key google_oauth_secret google_oauth_token gcp_service_account azure_storage_key azure_client_secret openai_key
anthropic_key huggingface_token npm_token pypi_token docker_pat sendgrid_key mailgun_key twilio_sid shopify_token telegram_bot
discord_webhook databricks_token digitalocean_token linear_key notion_token atlassian_token vault_token grafana_token newrelic_key
postman_key okta_token jwt private_key_pem url_with_password bearer_token generic_secret
"""
PII = """
credit_card iban swift_bic us_aba_routing btc_address eth_address
us_ssn us_ssn_nodash us_itin uk_nino uk_nhs ca_sin au_tfn in_aadhaar in_pan br_cpf de_steuer_id fr_nir es_dni es_nie
it_codice_fiscale nl_bsn pl_pesel se_personnummer be_nn fi_hetu passport_number
email phone_intl phone_us us_npi us_dea medical_record date_of_birth
"""
LABEL = "classification_marking"

DETECTORS: tuple[str, ...] = tuple(
    f"{family}/{name}" for family, names in (("secret", SECRET), ("pii", PII), ("label", LABEL)) for name in names.split()
)
