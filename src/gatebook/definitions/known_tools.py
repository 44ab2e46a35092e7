"""The shipped catalogue: which kinds of connectors have which labels. Data; the first pattern that fits decides.

A connector belongs to a family when one of the words of its name is a word of the family: `acme-github` to `github`.
Reading counts as untrusted where strangers can write what is read: issues, mail, tickets, web pages.
"""

from msgspec import Struct


class Pattern(Struct, frozen=True, kw_only=True):
    """Labels for the tools of some families whose verb is one of `verbs`; of all their tools where there are none."""

    families: frozenset[str]
    labels: tuple[str, ...]
    verbs: frozenset[str] = frozenset()


def _pattern(families: str, labels: str, verbs: str = "") -> Pattern:
    return Pattern(families=frozenset(families.split()), labels=tuple(labels.split()), verbs=frozenset(verbs.split()))


_READS = (
    "get list read search find fetch query describe show view lookup count check status log diff history download export retrieve browse"
)
_SENDS = (
    "send post reply forward create add comment publish share invite upload push submit write update edit set put assign notify draft"
    " schedule call book transfer pay charge refund"
)
_DESTROYS = "delete remove drop trash purge revoke terminate destroy truncate archive reset kill wipe close uninstall stop cancel merge"
_RUNS = (
    "execute run exec eval apply restart deploy scale patch click type fill navigate press drag select commit checkout move rename stage"
)
VERBS = frozenset(f"{_READS} {_SENDS} {_DESTROYS} {_RUNS} edit insert upsert alter open close think convert".split())

_CODE_HOSTS = "github gitlab bitbucket gitea forgejo"
_MAIL = "gmail mail email outlook imap smtp exchange"
_CHATS = "slack teams discord telegram whatsapp mattermost zulip"
_TICKETS = "jira linear asana servicenow zendesk intercom freshdesk trello clickup monday youtrack"
_FILES = "drive gdrive sharepoint dropbox box onedrive confluence notion wiki coda docs"
_CUSTOMERS = "salesforce hubspot crm pipedrive dynamics zoho"
_DATA = "postgres postgresql mysql mariadb sqlite snowflake bigquery redshift databricks clickhouse mongodb redis duckdb database db sql"
_WATCH = "sentry datadog grafana prometheus splunk newrelic pagerduty elastic elasticsearch"
_CLOUDS = "aws gcp azure kubernetes k8s docker terraform cloudflare vercel heroku"
_WEB = "fetch web browser playwright puppeteer firecrawl crawl crawler scraper selenium"
_SEARCH = "brave tavily exa perplexity serper duckduckgo bing wikipedia arxiv context7"

PATTERNS: tuple[Pattern, ...] = (
    # Whoever runs commands can do everything.
    _pattern("shell terminal bash ssh python repl jupyter commander", "untrusted_source private_source external_sink destructive"),
    _pattern("time clock calculator math thinking sequentialthinking", ""),
    # An address carries out what is written into it.
    _pattern(_WEB, "untrusted_source external_sink"),
    _pattern(_SEARCH, "untrusted_source"),
    _pattern(_CODE_HOSTS, "external_sink destructive", _DESTROYS),
    _pattern(_CODE_HOSTS, "external_sink", f"{_SENDS} {_RUNS}"),
    _pattern(_CODE_HOSTS, "untrusted_source private_source"),
    _pattern("git", "external_sink", "push"),
    _pattern("git", "destructive", "reset checkout delete merge"),
    _pattern("git", "", "add commit create stage"),
    _pattern("git", "private_source"),
    _pattern(f"{_MAIL} {_CHATS} calendar {_TICKETS}", "destructive", _DESTROYS),
    _pattern(f"{_MAIL} {_CHATS} calendar {_TICKETS}", "external_sink", f"{_SENDS} {_RUNS}"),
    _pattern(f"{_MAIL} {_CHATS} calendar {_TICKETS}", "untrusted_source private_source"),
    _pattern(_FILES, "destructive", f"{_DESTROYS} move rename"),
    _pattern(_FILES, "external_sink", f"{_SENDS} {_RUNS}"),
    _pattern(_FILES, "untrusted_source private_source"),
    _pattern("filesystem files fs", "destructive", f"{_DESTROYS} write edit move rename"),
    _pattern("filesystem files fs", "", "create"),
    _pattern("filesystem files fs", "private_source"),
    _pattern("memory graph knowledge", "destructive", _DESTROYS),
    _pattern("memory graph knowledge", "", "create add"),
    _pattern("memory graph knowledge", "private_source"),
    _pattern(_CUSTOMERS, "destructive", _DESTROYS),
    _pattern(_CUSTOMERS, "external_sink", "send reply forward share invite notify call schedule"),
    _pattern(_CUSTOMERS, "", f"{_SENDS} {_RUNS}"),
    # Forms on the web write into it.
    _pattern(_CUSTOMERS, "untrusted_source private_source"),
    _pattern("supabase firebase airtable", "untrusted_source private_source destructive", f"{_DESTROYS} {_RUNS} {_SENDS}"),
    _pattern("supabase firebase airtable", "untrusted_source private_source"),
    _pattern(_DATA, "private_source destructive", f"{_DESTROYS} {_RUNS} {_SENDS} insert upsert alter"),
    _pattern(_DATA, "private_source"),
    _pattern("stripe paypal square adyen braintree", "external_sink destructive", f"{_DESTROYS} {_SENDS}"),
    _pattern("stripe paypal square adyen braintree", "private_source"),
    _pattern(_WATCH, "destructive", _DESTROYS),
    # Whoever causes an error writes its text.
    _pattern(_WATCH, "untrusted_source private_source"),
    _pattern(_CLOUDS, "private_source external_sink destructive", f"{_DESTROYS} {_RUNS} {_SENDS}"),
    _pattern(_CLOUDS, "private_source"),
)
