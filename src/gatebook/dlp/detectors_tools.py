"""Secrets of tools for code, chat and operation: exact formats of the vendors."""

from gatebook.dlp.detector import Detector

END = r"(?:[^0-9A-Za-z_-]|$)"
_HEX40 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
_MIX = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG1hJ3kL5mN7pQ9rS1tU3vX5yZ7aB9cD1e"

DETECTORS = (
    Detector(
        id="secret/gatebook_token", severity="critical", title="Gatebook token", validator="gatebook_token",
        pattern=r"\bgw_(?:pat|svc|oat|ort|scim)_[0-9A-Za-z]{36}\b", probe=r"gw_(?:pat|svc|oat|ort|scim)_[0-9A-Za-z]{36}",
        examples=("gw_pat_" + _MIX[:30] + "4SSAKk", "gw_scim_" + _MIX[:30] + "3CzDoj"), non_examples=("gw_pat_" + _MIX[:36], "gw_pat_short"),
    ),
    Detector(
        id="secret/github_pat", severity="critical", title="GitHub token", validator="not_placeholder",
        pattern=r"\bgh[opusr]_[0-9A-Za-z]{36,251}\b", probe=r"gh[opusr]_[0-9A-Za-z]{36}", examples=("ghp_" + _MIX[:36],), non_examples=("ghp_short", "ghp_" + "x" * 36),
    ),
    Detector(
        id="secret/github_fine_grained", severity="critical", title="GitHub fine-grained token", validator="not_placeholder",
        pattern=r"\bgithub_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}\b", probe=r"github_pat_[0-9A-Za-z]{22}_",
        examples=("github_pat_" + "11" + _MIX[:20] + "_" + _MIX[:59],), non_examples=("github_pat_example",),
    ),
    Detector(
        id="secret/gitlab_pat", severity="critical", title="GitLab token", validator="not_placeholder",
        pattern=r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas|ffct|rtr)-[0-9A-Za-z_.-]{20,300}", probe=r"gl[a-z]{2,5}-[0-9A-Za-z_-]{20}",
        examples=("glpat-" + "k3Lm9Qp2Rt7Vx1Zb5Nd8",), non_examples=("glpat-short", "glyph-with-a-rather-long-name"),
    ),
    Detector(
        id="secret/slack_token", severity="critical", title="Slack token", validator="not_placeholder",
        pattern=r"\bxox[abceoprs](?:\.xox[bp])?-(?:\d{1,14}-)?[0-9A-Za-z-]{10,300}", probe=r"xox[abceoprs][.-][0-9A-Za-z.-]{10}",
        examples=("xoxb-" + "2847561930-" + "3948572610394-" + "k3Lm9Qp2Rt7Vx1Zb5Nd8Fh4J",), non_examples=("xoxb-your-token-here", "xoxo"),
    ),
    Detector(
        id="secret/slack_app_token", severity="critical", title="Slack app-level token", validator="not_placeholder",
        pattern=r"\bxapp-\d-[A-Z0-9]{8,14}-\d{8,16}-[0-9a-zA-Z]{32,80}\b", probe=r"xapp-\d-[A-Z0-9]{8,14}-\d{8}",
        examples=("xapp-1-" + "A02BCDEFGHJ-" + "2847561930394-" + _HEX40 + _HEX40[:24],), non_examples=("xapp-1-A",),
    ),
    Detector(
        id="secret/slack_webhook", severity="high", title="Slack webhook", validator="not_placeholder",
        pattern=r"https?://hooks\.slack\.com/(?:services|workflows|triggers)/[0-9A-Za-z_/-]{20,200}", probe=r"hooks\.slack\.com",
        examples=("https://hooks.slack.com/services/" + "T02ABCDEF/B03GHJKLM/" + _MIX[:24],), non_examples=("https://hooks.slack.com/services/",),
    ),
    Detector(
        id="secret/npm_token", severity="critical", title="npm token", validator="not_placeholder",
        pattern=r"\bnpm_[0-9A-Za-z]{36}\b", probe=r"npm_[0-9A-Za-z]{36}", examples=("npm_" + _MIX[:36],), non_examples=("npm_config_registry",),
    ),
    Detector(
        id="secret/pypi_token", severity="critical", title="Token of the Python package index", validator="not_placeholder",
        pattern=r"\bpypi-[A-Z][0-9A-Za-z_-]{50,300}", probe=r"pypi-[A-Z][0-9A-Za-z_-]{50}", examples=("pypi-" + "AgEI" + _MIX,), non_examples=("pypi-publish-action",),
    ),
    Detector(
        id="secret/docker_pat", severity="high", title="Docker access token", validator="not_placeholder",
        pattern=r"\bdckr_(?:pat|oat)_[0-9A-Za-z_-]{20,64}", probe=r"dckr_[po]at_[0-9A-Za-z_-]{20}", examples=("dckr_pat_" + _MIX[:27],), non_examples=("dckr_pat_x",),
    ),
    Detector(
        id="secret/sendgrid_key", severity="high", title="SendGrid API key", validator="not_placeholder",
        pattern=r"\bSG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}", probe=r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32}",
        examples=("SG." + _MIX[:22] + "." + _MIX[:43],), non_examples=("SG.short.key",),
    ),
    Detector(
        id="secret/mailgun_key", severity="high", title="Mailgun API key", validator="not_placeholder",
        pattern=r"\b(?:key-[0-9a-z]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b", probe=r"key-[0-9a-z]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}",
        context=("mailgun*",), examples=("MAILGUN_API_KEY=key-" + _HEX40[:32],), non_examples=("cache key-" + _HEX40[:32],),
    ),
    Detector(
        id="secret/twilio_sid", severity="medium", title="Twilio account or key id", validator="not_placeholder",
        pattern=r"\b(?:AC|SK)[0-9a-f]{32}\b", probe=r"(?:AC|SK)[0-9a-f]{32}", examples=("AC" + _HEX40[:32],), non_examples=("AC1234", "ACDC"),
    ),
    Detector(
        id="secret/telegram_bot", severity="high", title="Telegram bot token", validator="random_mixed",
        pattern=rf"\b(?P<value>\d{{8,10}}:[0-9A-Za-z_-]{{35}}){END}", probe=r"\d{8}:[0-9A-Za-z_-]{35}",
        examples=("7283940156:AA" + "F3kLm9Qp2Rt7Vx1Zb5Nd8Fh4Jg6Ws0YcE",), non_examples=("12345678:short",),
    ),
    Detector(
        id="secret/discord_webhook", severity="high", title="Discord webhook", validator="not_placeholder",
        pattern=r"https?://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{17,20}/[0-9A-Za-z_-]{60,80}", probe=r"discord(?:app)?\.com.{1,3}api",
        examples=("https://discord.com/api/webhooks/" + "847293847561029384/" + _MIX[:68],), non_examples=("https://discord.com/api/webhooks/",),
    ),
    Detector(
        id="secret/linear_key", severity="high", title="Linear API key", validator="not_placeholder",
        pattern=r"\blin_(?:api|oauth)_[0-9A-Za-z]{32,64}\b", probe=r"lin_(?:api|oauth)_[0-9A-Za-z]{32}", examples=("lin_api_" + _MIX[:40],), non_examples=("lin_api_x",),
    ),
    Detector(
        id="secret/notion_token", severity="high", title="Notion token", validator="not_placeholder",
        pattern=r"\b(?:secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40,50})\b", probe=r"secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40}",
        examples=("secret_" + _MIX[:43], "ntn_" + _MIX[:46]), non_examples=("secret_name",),
    ),
    Detector(
        id="secret/atlassian_token", severity="critical", title="Atlassian API token", validator="not_placeholder",
        pattern=r"\b(?:AT[AC]TT3[0-9A-Za-z_=-]{40,300}|ATBB[0-9A-Za-z]{28,40})", probe=r"AT[AC]TT3[0-9A-Za-z_=-]{40}|ATBB[0-9A-Za-z]{28}",
        examples=("ATATT3" + "xFfGF0" + _MIX,), non_examples=("ATATT3short",),
    ),
    Detector(
        id="secret/grafana_token", severity="high", title="Grafana token", validator="not_placeholder",
        pattern=r"\b(?:glsa_[0-9A-Za-z]{32}_[0-9a-fA-F]{8}\b|glc_[0-9A-Za-z+/]{32,400}=*)", probe=r"glsa_[0-9A-Za-z]{32}_|glc_[0-9A-Za-z+/]{32}",
        examples=("glsa_" + _MIX[:32] + "_" + _HEX40[:8],), non_examples=("glsa_x",),
    ),
    Detector(
        id="secret/newrelic_key", severity="high", title="New Relic key", validator="not_placeholder",
        pattern=r"\b(?:NR(?:AK|RA|AA|IQ|II|JS|SP)-[0-9A-Za-z_-]{19,42}|[0-9a-f]{36}NRAL)\b", probe=r"NR(?:AK|RA|AA|IQ|II|JS|SP)-[0-9A-Za-z_-]{19}|[0-9a-f]{36}NRAL",
        examples=("NRAK-" + "K3LM9QP2RT7VX1ZB5ND8FH4JG6W",), non_examples=("NRAK-short",),
    ),
    Detector(
        id="secret/postman_key", severity="high", title="Postman API key", validator="not_placeholder",
        pattern=r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b", probe=r"PMAK-[0-9a-f]{24}-", examples=("PMAK-" + _HEX40[:24] + "-" + _HEX40[:34],), non_examples=("PMAK-x",),
    ),
    Detector(
        id="secret/okta_token", severity="critical", title="Okta API token", validator="random_mixed",
        pattern=rf"\b(?P<value>00[0-9A-Za-z_-]{{40}}){END}", probe=r"00[0-9A-Za-z_-]{40}", context=("okta*", "ssws"),
        examples=("Authorization: SSWS 00" + _MIX[:40],), non_examples=("00" + _MIX[:40],),
    ),
)  # fmt: skip
