"""Secrets that no vendor's format shows, and markings of documents."""

from gatebook.dlp.detector import Detector

_MIX = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9rS1tU3v"
_NAMES = (
    r"(?:passw(?:or)?d|passphrase|passcode|[a-z0-9][_-]pass|dbpass|userpass|pwd|secret|api[_ -]?key|apikey|access[_-]?key|account[_-]?key|auth[_-]?key|master[_-]?key|private[_-]?key|encryption[_-]?key"
    r"|signing[_-]?key|shared[_-]?key|secret[_-]?key|token|credentials?)"
)
_JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiI4NDcyOTM4NCIsIm5hbWUiOiJBbm4ifQ." + "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4Jg6Ws0YcE3kLm9Qp2Rt7"
)

DETECTORS = (
    Detector(
        id="secret/jwt", severity="high", title="JSON web token", validator="jwt",
        pattern=r"\beyJ[0-9A-Za-z_-]{8,2000}\.[0-9A-Za-z_-]{4,8000}(?:\.[0-9A-Za-z_-]{0,4000}){1,3}", probe=r"eyJ[0-9A-Za-z_-]{8,400}\.[0-9A-Za-z_-]{4}",
        examples=(_JWT,), non_examples=("eyJub3QiOiJhIGp3dCJ9.abcd.efgh", "eyJhbGciOi", "eyJhbGciOiJub25lIn0.not-claims-at-all.nothing"),
    ),
    Detector(
        id="secret/private_key_pem", severity="critical", title="Private key", validator="pem_body",
        pattern=r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-]){16,}(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
        probe=r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY",
        examples=("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA" + _MIX[:48] + "\n" + _MIX + "\n-----END RSA PRIVATE KEY-----",),
        non_examples=("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"),
    ),
    Detector(
        id="secret/url_with_password", severity="high", title="URL with a password", validator="url_password",
        pattern=r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,64}:(?P<value>[^\s/@\"'<>]{1,128})@[a-z0-9.\[-]", probe=r"[/\\]/[^\s/@\"<>]{1,128}@",
        examples=("postgres://app:" + "Tr0ub4dor3xK@db.internal:5432/app", "https://ann:" + "s3cr3tPw9@git.acme.com/x.git"),
        non_examples=("postgres://app:${DB_PASSWORD}@db/app", "postgres://user:password@localhost/db", "https://acme.com:8080/@ann", "ssh://git@acme.com/x"),
    ),
    Detector(
        id="secret/bearer_token", severity="high", title="Bearer token", validator="bearer_token",
        pattern=r"(?i)\bbearer[\s:]\s{0,3}(?P<value>[0-9A-Za-z._~+/-]{16,4000}=*)", probe=r"(?i)bearer[^a-z0-9]{1,4}[0-9a-z._~+/\\-]{16}",
        examples=("Authorization: Bearer " + _MIX[:40],), non_examples=("Bearer authentication-is-required", "Bearer <your-token-goes-here>", "bearer of good news"),
    ),
    Detector(
        id="secret/generic_secret", severity="high", title="Value under a name that means a secret", validator="generic_secret", keyed=True,
        pattern=rf"(?i){_NAMES}[0-9a-z_]{{0,24}}[\"'\]\\]{{0,3}}[ \t]{{0,8}}(?::=|=>|[:=])[ \t]{{0,8}}[\\\"' ]{{0,4}}(?P<value>[^\s\"'`,;<>(){{}}\[\]|\\]{{6,200}})",
        probe=rf"(?i){_NAMES}[0-9a-z_]{{0,24}}[\"'\]\\]{{0,4}}[ \t]{{0,8}}[:=]",
        examples=("password=" + "Tr0ub4dor-3xK", "API_KEY: " + _MIX[:32], 'client_secret = "' + _MIX[8:40] + '"'),
        non_examples=(
            "the password: reset it", "password=changeme", "token: ${TOKEN}", "api_key=your-api-key-here", "secret: <secret>", "password: ********", "PASSWORD=xxxxxxxx",
            "secret_file=/run/secrets/db1", "token_url=https://acme.com/oauth2/t0ken", "api_key = os.environ.get('API_KEY_1')", "next_page_token=CAUQAA9xK2mQ8wErTy",
            "password_hash=5f4dcc3b5aa765d61d8327deb882cf99", "max_tokens: 4096",
        ),
    ),
    Detector(
        id="label/classification_marking", severity="high", title="Marking of a classified document", keyed=True,
        pattern=r"\b(?:TOP SECRET(?://[A-Z]+)*|(?:SECRET|CONFIDENTIAL|UNCLASSIFIED)//[A-Z]+(?:[/ ,-]+[A-Z]+)*|CUI//[A-Z]+|TLP:(?:RED|AMBER)(?:\+STRICT)?|NOFORN|FOR OFFICIAL USE ONLY"
        r"|COSMIC TOP SECRET|NATO (?:SECRET|CONFIDENTIAL|RESTRICTED)|(?:STRICTLY|HIGHLY|COMPANY) CONFIDENTIAL|(?:Strictly|Highly|Company) [Cc]onfidential|(?:FOR )?INTERNAL USE ONLY|(?:For )?Internal Use Only|(?i:confidential (?:and|&) proprietary"
        r"|proprietary (?:and|&) confidential|attorney[- ]client privileged?|confidential ?[-\x{2013}] ?(?:do not|internal)|(?:data |document )?(?:classification|sensitivity)(?: level)?"
        r"[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<value>top secret|secret|highly confidential|strictly confidential|confidential|restricted|internal only)))\b".replace(r"\x{2013}", "\u2013"),
        probe=r"TOP SECRET|SECRET.{1,3}[A-Z]|(?:CONFIDENTIAL|UNCLASSIFIED).{1,3}[A-Z]|CUI.{1,3}[A-Z]|TLP:|NOFORN|OFFICIAL USE|NATO [SCR]|(?i)y confidential"
        r"|(?i)internal use only|(?i)confidential (?:and|&) prop|(?i)proprietary (?:and|&) conf|(?i)client privilege|(?i)confidential ?.{1,6} ?(?:do not|internal)|(?i)classification|(?i)sensitivity",
        examples=("TOP SECRET//NOFORN", "Classification: Confidential", "TLP:RED", "STRICTLY CONFIDENTIAL"),
        non_examples=("keep it secret", "a confidential talk", "The classification of plants"),
    ),
)  # fmt: skip
