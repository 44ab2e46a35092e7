"""Credentials in the formats that vendors document; each is drawn anew, and none was ever issued.

They are made from parts, so that no scanner of source code takes this file for a leak.
"""

import base64
import json
from collections.abc import Callable

from tests.dlp.labelled.checksums import crc_base62
from tests.dlp.labelled.draw import BASE62, BASE64URL, DIGITS, HEX, LOWER, UPPER, Draw

ALNUM_UPPER = UPPER + DIGITS
PEM_KINDS = ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY")
PEM_LINES = (13, 16, 3, 6)


def drawn(name: str, *makes: Callable[[Draw], str]) -> list[str]:
    """Return one value of each maker, from a source of this name."""
    draw = Draw(name)
    return [make(draw) for make in makes]


def after(prefix: str, alphabet: str, count: int) -> Callable[[Draw], str]:
    """Return the maker of tokens that are a prefix and so many characters."""
    return lambda draw: prefix + draw.mixed(alphabet, count)


def checked(prefix: str) -> Callable[[Draw], str]:
    """Return the maker of tokens with 30 drawn characters and six of a checksum."""

    def make(draw: Draw) -> str:
        body = draw.mixed(BASE62, 30)
        return prefix + body + crc_base62(body)

    return make


def base64_of(count: int) -> Callable[[Draw], str]:
    """Return the maker of base64 text for so many bytes."""
    return lambda draw: base64.b64encode(draw.octets(count)).decode()


def urlsafe(data: bytes) -> str:
    """Return base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(draw: Draw, algorithm: str = "HS256", signature_bytes: int = 32) -> str:
    """Return a signed token; its claims name nobody."""
    issued = draw.number(1_700_000_000, 1_760_000_000)
    head = {"alg": algorithm, "typ": "JWT"}
    claims = {"sub": f"user-{draw.number(100, 999)}", "scope": "read write", "iat": issued, "exp": issued + 3600}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, claims)]
    return ".".join([urlsafe(parts[0]), urlsafe(parts[1]), urlsafe(draw.octets(signature_bytes))])


def pem(draw: Draw, kind: str, lines: int) -> str:
    """Return a private key as OpenSSL writes it; the body is noise behind the first bytes of a real one."""
    start = b"openssh-key-v1\0" if kind.startswith("OPENSSH") else bytes([0x30, 0x82, 4, 0xA4, 2, 1, 0, 2])
    text = base64.b64encode(start + draw.octets(48 * lines - len(start) - 10)).decode()
    body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


def service_account(draw: Draw) -> str:
    """Return the key file of a Google service account, on one line."""
    project = f"{draw.pick(('orders', 'ledger', 'atlas'))}-prod-{draw.number(100000, 999999)}"
    account = f"{draw.pick(('backup', 'etl', 'ci'))}-runner@{project}.iam.gserviceaccount.com"
    fields = {"type": "service_account", "project_id": project, "private_key_id": draw.chars(HEX, 40)}
    fields |= {"private_key": pem(draw, "PRIVATE KEY", 14) + "\n", "client_email": account, "client_id": "1" + draw.digits(20)}
    return json.dumps(fields)


def _slack_bot(draw: Draw) -> str:
    return f"xoxb-{draw.number(10**11, 10**12)}-{draw.number(10**12, 10**13 - 1)}-{draw.mixed(BASE62, 24)}"


def _slack_user(draw: Draw) -> str:
    return f"xoxp-{draw.number(10**11, 10**12)}-{draw.number(10**11, 10**12)}-{draw.number(10**12, 10**13 - 1)}-{draw.mixed(HEX, 32)}"


def _slack_app(draw: Draw) -> str:
    return f"xapp-1-A0{draw.chars(ALNUM_UPPER, 9)}-{draw.number(10**12, 10**13 - 1)}-{draw.mixed(HEX, 64)}"


def _slack_hook(draw: Draw) -> str:
    ids = f"T0{draw.chars(ALNUM_UPPER, 9)}/B0{draw.chars(ALNUM_UPPER, 9)}"
    return f"https://hooks.slack.com/services/{ids}/{draw.mixed(BASE62, 24)}"


def _openai(kind: str, side: int) -> Callable[[Draw], str]:
    alphabet = BASE64URL if kind else BASE62
    return lambda draw: f"sk-{kind}{draw.mixed(alphabet, side)}T3Blbk" + f"FJ{draw.mixed(alphabet, side)}"


def _telegram(draw: Draw) -> str:
    return f"{draw.number(10**9, 8 * 10**9)}:AA{draw.mixed(BASE64URL, 33)}"


def _discord(host: str) -> Callable[[Draw], str]:
    return lambda draw: f"https://{host}/api/webhooks/{draw.number(10**18, 13 * 10**17 + 10**18)}/{draw.mixed(BASE64URL, 68)}"


def _grafana_cloud(draw: Draw) -> str:
    fields = {"o": str(draw.number(100000, 999999)), "n": "pipeline-token", "k": draw.mixed(BASE62, 24), "m": {"r": "eu"}}
    return "glc_" + base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()


def _atlassian(draw: Draw) -> str:
    return f"ATATT3xFfGF0{draw.mixed(BASE64URL, 171)}={draw.chars(HEX.upper(), 8)}"


def _connection(draw: Draw) -> str:
    return base64_of(64)(draw)


GOOGLE_START, AWS_KEYS = "AI" + "zaSy", UPPER + "234567"
DOCKER, LIVE, RESTRICTED = "dckr_" + "pat_", "sk_" + "live_", "rk_" + "live_"

CLOUD: dict[str, list[str]] = {
    "aws_access_key_id": drawn("aws", *(after(p, AWS_KEYS, 16) for p in ("AK" + "IA", "AK" + "IA", "AS" + "IA", "AK" + "IA"))),
    "aws_secret_key": drawn("aws secret", *[base64_of(30)] * 4),
    "google_api_key": drawn("google", *[after(GOOGLE_START, BASE64URL, 33)] * 4),
    "google_oauth_secret": drawn("google secret", *[after("GOC" + "SPX-", BASE64URL, 28)] * 3),
    "google_oauth_token": drawn(
        "google token",
        after("ya" + "29.a0A", BASE64URL, 155),
        after("ya" + "29.a0A", BASE64URL, 205),
        after("ya" + "29.c.b0A", BASE64URL, 190),
    ),
    "gcp_service_account": drawn("gcp", *[service_account] * 3),
    "azure_storage_key": drawn("azure", *[_connection] * 4),
    "azure_client_secret": drawn("azure client", *[lambda d: f"{d.mixed(BASE62, 3)}8Q~{d.mixed(BASE62 + '._~-', 34)}" for _ in range(4)]),
    "digitalocean_token": drawn("do", *(after(p + "_v1_", HEX, 64) for p in ("dop", "dop", "doo"))),
    "databricks_token": drawn("databricks", *[after("da" + "pi", HEX, 32)] * 3),
    "vault_token": drawn("vault", after("hvs.CAESI", BASE64URL, 88), after("hvs.CAESI", BASE64URL, 92), after("hvs.", BASE62, 24)),
}

CODE: dict[str, list[str]] = {
    "github_pat": drawn("github", *(checked(prefix + "_") for prefix in ("ghp", "gho", "ghs", "ghp"))),
    "github_fine_grained": drawn("github fine", *[lambda d: "github_" + f"pat_11{d.mixed(ALNUM_UPPER, 20)}_{d.mixed(BASE62, 59)}"] * 3),
    "gitlab_pat": drawn("gitlab", *[after("gl" + "pat-", BASE64URL, 20)] * 4),
    "npm_token": drawn("npm", *[checked("npm" + "_")] * 3),
    "pypi_token": drawn("pypi", *[after("pypi-" + "AgEIcHlwaS5vcmc" + "CJ", BASE64URL, 160)] * 3),
    "docker_pat": drawn("docker", *[after(DOCKER, BASE64URL, 27)] * 3),
    "huggingface_token": drawn("hf", *[lambda d: "hf" + "_" + d.chars(LOWER + UPPER, 34)] * 3),
    "linear_key": drawn("linear", *[after("lin" + "_api_", BASE62, 40)] * 3),
    "notion_token": drawn("notion", *[lambda d: f"ntn_{d.digits(11)}{d.mixed(BASE62, 35)}"] * 2, after("secret_", BASE62, 43)),
    "atlassian_token": drawn("atlassian", *[_atlassian] * 3),
    "postman_key": drawn("postman", *[lambda d: f"PMAK-{d.mixed(HEX, 24)}-{d.mixed(HEX, 34)}"] * 3),
    "grafana_token": drawn("grafana", *[lambda d: f"glsa_{d.mixed(BASE62, 32)}_{d.chars(HEX, 8)}"] * 2, _grafana_cloud),
    "newrelic_key": drawn("newrelic", *[after("NR" + "AK-", ALNUM_UPPER, 27)] * 3),
}

SERVICES: dict[str, list[str]] = {
    "slack_token": drawn("slack", _slack_bot, _slack_user, _slack_bot, _slack_user),
    "slack_app_token": drawn("slack app", *[_slack_app] * 3),
    "slack_webhook": drawn("slack hook", *[_slack_hook] * 3),
    "stripe_key": drawn("stripe", after(LIVE, BASE62, 24), after(LIVE + "51", BASE62, 97), after(RESTRICTED + "51", BASE62, 97)),
    "openai_key": drawn("openai", _openai("", 20), _openai("proj-", 74), _openai("svcacct-", 74)),
    "anthropic_key": drawn("anthropic", *[lambda d: "sk-ant-" + f"api03-{d.mixed(BASE64URL, 93)}AA"] * 3),
    "sendgrid_key": drawn("sendgrid", *[lambda d: f"SG.{d.mixed(BASE64URL, 22)}.{d.mixed(BASE64URL, 43)}"] * 3),
    "mailgun_key": drawn("mailgun", *[after("key-", HEX, 32)] * 3),
    "twilio_sid": drawn("twilio", *(after(p, HEX, 32) for p in ("AC", "SK", "AC"))),
    "shopify_token": drawn("shopify", *(after(p, HEX, 32) for p in ("shpat" + "_", "shpss" + "_", "shpca" + "_"))),
    "telegram_bot": drawn("telegram", *[_telegram] * 3),
    "discord_webhook": drawn("discord", _discord("discord.com"), _discord("discordapp.com"), _discord("discord.com")),
    "okta_token": drawn("okta", *[after("00", BASE64URL, 40)] * 3),
}

LOOSE: dict[str, list[str]] = {
    "jwt": drawn("jwt", jwt, lambda d: jwt(d, "RS256", 256), jwt, lambda d: jwt(d, "ES256", 64)),
    "private_key_pem": drawn("pem", *[lambda d, k=kind, n=lines: pem(d, k, n) for kind, lines in zip(PEM_KINDS, PEM_LINES, strict=True)]),
    "url_with_password": drawn(
        "url",
        lambda d: f"postgres://billing:{d.mixed(BASE62, 16)}@db-3.prod.internal:5432/ledger",
        lambda d: f"https://deploy:{d.mixed(BASE62, 20)}@artifacts.tallpine.io/repo",
        lambda d: f"mongodb+srv://reporting:{d.mixed(BASE62, 14)}@cluster7.kfm2a.mongodb.net/crm?retryWrites=true",
        lambda d: f"redis://cache:{d.mixed(BASE62, 18)}@10.2.8.14:6379/0",
    ),
    "bearer_token": drawn("bearer", after("", BASE64URL, 43), after("", HEX, 40), after("", BASE62, 32)),
    "generic_secret": drawn("generic", after("", BASE62, 20), after("", HEX, 32), after("", BASE62 + "!#*+", 18), after("", BASE62, 28)),
}

VALUES: dict[str, list[str]] = CLOUD | CODE | SERVICES | LOOSE


def pieces(detector: str, value: str) -> tuple[str, ...]:
    """Return the parts of a secret that do as its value: what must not be seen is in each of them."""
    if detector == "gcp_service_account":
        fields = json.loads(value)
        return (fields["private_key_id"], fields["private_key"], fields["client_email"], '"type": "service_account"')
    if detector == "url_with_password":
        user = value.split("//", 1)[1].split("@", 1)[0]
        return (user.split(":", 1)[1], user, value.split("@", 1)[0], value.split("@", 1)[0] + "@" + value.split("@", 1)[1].split("/")[0])
    return ()
