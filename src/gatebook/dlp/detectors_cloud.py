"""Secrets of clouds, models and payment: exact formats of the vendors. Examples are put together so that no whole token stands in this file."""

from gatebook.dlp.detector import Detector

END = r"(?:[^0-9A-Za-z_-]|$)"
_HEX40 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
_MIX = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9rS1tU3v"

DETECTORS = (
    Detector(
        id="secret/aws_access_key_id", severity="high", title="AWS access key id", validator="not_placeholder",
        pattern=r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", probe=r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}",
        examples=("AKIA" + "Q3EGRT7WXNPL2MZV", "ASIA" + "Y34FZKBOKMUTVV7A"), non_examples=("AKIA" + "IOSFODNN7EXAMPLE", "AKIA123", "XAKIAQ3EGRT7WXNPL2MZV"),
    ),
    Detector(
        id="secret/aws_secret_key", severity="critical", title="AWS secret access key", validator="aws_secret_key",
        pattern=r"(?:^|[^A-Za-z0-9/+])(?P<value>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)", probe=r"(?:[^A-Za-z0-9/+\\]|\\[bfnrt])[A-Za-z0-9/+\\]{40}",
        context=("aws*", "secret access", "secret key", "secretkey", "secretaccesskey", "akia*"),
        examples=("aws_secret_access_key = " + "kW9dPz3Lq/8RtYx+VbN2mJc7HsGf5QeUo1TiAl4Z",),
        non_examples=("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws commit " + _HEX40),
    ),
    Detector(
        id="secret/google_api_key", severity="high", title="Google API key", validator="not_placeholder",
        pattern=rf"\b(?P<value>AIza[0-9A-Za-z_-]{{35}}){END}", probe=r"AIza[0-9A-Za-z_-]{35}",
        examples=("AIza" + "SyD4k9Xw2PqLmN7vRtB1cZ8hJfGe3UoY5aQ",), non_examples=("AIza-short", "AIza" + "x" * 35),
    ),
    Detector(
        id="secret/google_oauth_secret", severity="high", title="Google OAuth client secret", validator="not_placeholder",
        pattern=r"\bGOCSPX-[0-9A-Za-z_-]{28}", probe=r"GOCSPX-[0-9A-Za-z_-]{28}",
        examples=("GOCSPX-" + "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4Jg6Ws",), non_examples=("GOCSPX-short",),
    ),
    Detector(
        id="secret/google_oauth_token", severity="high", title="Google OAuth access or refresh token", validator="not_placeholder",
        pattern=r"\b(?:ya29\.(?:[0-9A-Za-z]{1,4}\.)?[0-9A-Za-z_-]{20,1000}|1//0[0-9A-Za-z_-]{40,200})", probe=r"ya29\.(?:[0-9A-Za-z]{1,4}\.)?[0-9A-Za-z_-]{20}|1\\?/\\?/0[0-9A-Za-z_-]{40}",
        examples=("ya29." + "a0AfH6SMBx7Kq9ZtRw3Lp5Vn1Yc", "ya29.c." + "Kp8BfH6SMBx7Kq9ZtRw3Lp5Vn1Yc", "1//0" + "gK9dPz3Lq8RtYxVbN2mJc7HsGf5QeUo1TiAl4Zw2X"), non_examples=("ya29.short",),
    ),
    Detector(
        id="secret/gcp_service_account", severity="critical", title="Key of a Google Cloud service account", keyed=True,
        pattern=r"(?i)private_key_id[ \\\"']{0,4}\s*[:=]\s*[ \\\"']{0,4}(?P<value>[0-9a-f]{40})\b|\b[a-z0-9-]{1,64}@[a-z0-9-]{1,64}\.iam\.gserviceaccount\.com",
        probe=r"(?i)private_key_id|gserviceaccount", context=("service account", "serviceaccount", "private key", "private key id", "gcp key"),
        examples=('{"type": "service_account", "private_key_id": "' + _HEX40 + '"}',), non_examples=("commit " + _HEX40,),
    ),
    Detector(
        id="secret/azure_storage_key", severity="critical", title="Key of an Azure storage account",
        pattern=r"(?:^|[^A-Za-z0-9/+-])(?P<value>[A-Za-z0-9/+]{86}==)", probe=r"[A-Za-z0-9/+\\]{86}=",
        context=("accountkey", "account key", "storage key", "storagekey", "storage account", "azure*", "access key"),
        examples=("DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=" + _MIX[:60] + "/" + _MIX[10:35] + "==",),
        non_examples=('"integrity": "sha512-' + _MIX[:60] + "/" + _MIX[10:35] + '=="',),
    ),
    Detector(
        id="secret/azure_client_secret", severity="critical", title="Client secret of Microsoft Entra", validator="not_placeholder",
        pattern=r"(?:^|[^0-9A-Za-z_~.-])(?P<value>[0-9A-Za-z_~.-]{3}\dQ~[0-9A-Za-z_~.-]{31,34})(?:[^0-9A-Za-z_~.-]|$)", probe=r"\dQ~[0-9A-Za-z_~.-]{31}",
        examples=("Ab1" + "8Q~" + "kL9mN2pQ4rS6tU8vW0xY1zA3bC5dE7fG9h",), non_examples=("Ab18Q~short",),
    ),
    Detector(
        id="secret/openai_key", severity="critical", title="OpenAI API key", validator="not_placeholder",
        pattern=rf"\b(?P<value>sk-(?:(?:proj|svcacct|admin|None)-[0-9A-Za-z_-]{{20,300}}|[0-9A-Za-z]{{20}}T3BlbkFJ[0-9A-Za-z]{{20}}|[0-9A-Za-z]{{48}})){END}",
        probe=r"sk-(?:proj|svcacct|admin|None|[0-9A-Za-z]{40})",
        examples=("sk-" + "k3Lm9Qp2Rt7Vx1Zb5Nd8" + "T3BlbkFJ" + "f4Hg6Js8Wd1Xc3Vb5Nn7", "sk-proj-" + _MIX), non_examples=("sk-proj-intro", "task-proj-" + "a" * 30),
    ),
    Detector(
        id="secret/anthropic_key", severity="critical", title="Anthropic API key", validator="not_placeholder",
        pattern=r"\bsk-ant-(?:[a-z]{3,10}\d{2}-)?[0-9A-Za-z_-]{24,200}", probe=r"sk-ant-[0-9A-Za-z_-]{24}",
        examples=("sk-ant-" + "api03-" + _MIX,), non_examples=("sk-ant-api03-your-key-here",),
    ),
    Detector(
        id="secret/huggingface_token", severity="high", title="Hugging Face token", validator="not_placeholder",
        pattern=r"\b(?:hf_|api_org_)[0-9A-Za-z]{30,40}\b", probe=r"(?:hf|api_org)_[0-9A-Za-z]{30}",
        examples=("hf_" + "kLmNpQrStUvWxYzAbCdEfGhJkLmNpQrStU",), non_examples=("hf_model_name",),
    ),
    Detector(
        id="secret/stripe_key", severity="critical", title="Secret key of Stripe", validator="not_placeholder",
        pattern=r"\b(?:(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,247}|whsec_[0-9A-Za-z+/]{24,64})", probe=r"[sr]k_(?:live|test)_[0-9A-Za-z]{16}|whsec_[0-9A-Za-z+/]{24}",
        examples=("sk_" + "live_" + "51H8xKq2Lm9Qp3Rt7Vx1Zb5N", "rk_" + "test_" + "k3Lm9Qp2Rt7Vx1Zb5Nd8"), non_examples=("pk_live_51H8xKq2Lm9Qp3Rt7Vx1Zb5N", "sk_live_key"),
    ),
    Detector(
        id="secret/databricks_token", severity="high", title="Databricks access token", validator="not_placeholder",
        pattern=r"\bdapi[0-9a-f]{32}(?:-\d)?\b", probe=r"dapi[0-9a-f]{32}", examples=("dapi" + _HEX40[:32],), non_examples=("dapi1234",),
    ),
    Detector(
        id="secret/digitalocean_token", severity="critical", title="DigitalOcean token", validator="not_placeholder",
        pattern=r"\bdo[opr]_v1_[0-9a-f]{64}\b", probe=r"do[opr]_v1_[0-9a-f]{64}", examples=("dop_v1_" + _HEX40 + _HEX40[:24],), non_examples=("dop_v1_abc",),
    ),
    Detector(
        id="secret/shopify_token", severity="high", title="Shopify access token", validator="not_placeholder",
        pattern=r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b", probe=r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", examples=("shpat_" + _HEX40[:32],), non_examples=("shpat_x",),
    ),
    Detector(
        id="secret/vault_token", severity="critical", title="HashiCorp Vault token", validator="not_placeholder",
        pattern=r"\bhv[sbr]\.[0-9A-Za-z_-]{20,300}", probe=r"hv[sbr]\.[0-9A-Za-z_-]{20}", examples=("hvs." + "CAESIKq2Lm9Qp3Rt7Vx1Zb5Nd8Fh",), non_examples=("hvs.short",),
    ),
)  # fmt: skip
