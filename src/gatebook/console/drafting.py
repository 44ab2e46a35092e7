"""The draft that an editor's form carries from answer to answer, and the examples it begins with. The server keeps nothing of it."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from gatebook.console.changes_view import DAYS, digest_of, plain
from gatebook.reading.rule_facts import Edit, Kind
from gatebook.state.ai_clients import ONLY_NAME
from gatebook.state.documents import render
from gatebook.state.roles import BUILT_IN, EMPLOYEE, RoleSpec

WORDS: Final[dict[Kind, str]] = {
    "Policy": "policy",
    "Guardrail": "guardrail",
    "Detector": "detector",
    "ToolPack": "tool pack",
    "Role": "role",
    "Governance": "governance",
    "Connector": "connector",
    "AiClients": "AI client rules",
    "IdentityProvider": "identity provider",
}
"""What can be edited, and what it is called."""
TEXT_BYTES_MAX = 1024 * 1024
REASON_CHARACTERS_MAX = 1000
_POLICY = """\
# Who may call what. Lines behind # say nothing: take the # away where needed.
kind: Policy
name: exports-are-looked-at
spec:
  effect: require_approval   # or deny, redact, allow, alert_only
  mode: observe              # decides nothing, records name it; later: enforce
  description: What it is for, in a sentence.
  selector:                  # each line narrows
    tools: ["export_*"]
    # connectors: [crm]
    # groups: [sales]
    # not_groups: [data-platform]
  # when: "args.?limit.orValue(0) > 1000"
  reason: Exports are looked at by a person first.
  # tests:
  #   - person: ann
  #     groups: [sales]
  #     connector: crm
  #     tool: export_contacts
  #     args: {limit: 5000}
  #     expect: pending
"""
_GUARDRAIL = """\
# What happens to sensitive data in calls. Lines behind # say nothing.
kind: Guardrail
name: cards-masked
spec:
  detectors: [credit_card, iban]   # or families, such as "secret/*" and "pii/*"
  action: mask_last4               # or block, redact, hash, log
  mode: observe                    # changes nothing, records say what was found
  parts: [arguments, response]
  description: What it is for, in a sentence.
  # min_count: 10
  # selector: {connectors: [crm], not_groups: [finance]}
  # reason: Card numbers stay inside.
"""
_ROLE = """\
# What of whose calls somebody sees. Lines behind # say nothing.
kind: Role
name: fraud-desk
spec:
  description: What it is for, in a sentence.
  grants:                    # own, team or all; what is left out is not shown
    metadata: all
    identity: all
    policy: all
    # failure, evidence, arguments, responses, upstream
  # fields: {connector: all} # single fields of the group metadata
  groups: [fraud]
  # people: [ann]
  # reason_required: true    # arguments and responses ask for a reason
"""
_AI_CLIENTS = f"""\
# How AI clients may sign people in, and for how long. This holds without it.
kind: AiClients
name: {ONLY_NAME}
spec:
  metadata_documents: true     # apps that describe themselves on their own host
  registration: true           # apps that register themselves
  registrations_per_hour: 20   # of one network
  access_minutes: 15
  refresh_days: 30             # without use
  assertion_hosts: []          # may bring identity assertions without a key
"""
_IDENTITY_PROVIDER = """\
# Where people sign in. Redirect URI: /idp/callback of this console.
# Logout signals: /oidc/backchannel-logout, /global-token-revocation.
kind: IdentityProvider
name: company
spec:
  title: The name on the sign-in page
  issuer: https://login.example.com      # exactly as the provider writes it
  client_id: the id of Gatebook there
  client_secret: env:OIDC_CLIENT_SECRET  # or file:/path
  # link_claims: [oid]                   # what the directory's externalId is
  # end_session: true                    # signing out here signs out there
"""
EXAMPLES: Final[dict[str, str]] = {
    "Policy": _POLICY,
    "Guardrail": _GUARDRAIL,
    "Role": _ROLE,
    "AiClients": _AI_CLIENTS,
    "IdentityProvider": _IDENTITY_PROVIDER,
}


def without_document(kind: Kind, name: str) -> str:
    """The document of what holds while there is none of this kind and name, for those to begin from who want it otherwise; empty where nothing does."""
    if kind == "AiClients" and name == ONLY_NAME:
        return _AI_CLIENTS
    return _built_in_role(name) if kind == "Role" else ""


def _built_in_role(name: str) -> str:
    """Who has a role that is built in; empty for another name, and for what everybody has."""
    role = BUILT_IN.get(name)
    if role is None or name == EMPLOYEE:
        return ""
    head = f"# {name} is built in: a document changes who has it, and whether payloads ask for a reason.\n"
    return head + render("Role", name, RoleSpec(groups=role.groups, people=role.people))


class Draft(Struct, frozen=True, kw_only=True):
    """What somebody is writing. `kind` and `name` are those that it began with; `deleted`: each `Kind/name` that shall go, with commas; an editor that
    deletes has no text.

    `bases`: version of each resource as it was looked at. `of`: digest of the draft that the replay `replay` was begun with.
    `alone`: a replay is shown on a page of its own.
    """

    kind: Kind = "Policy"
    name: str = ""
    text: str = ""
    deleted: str = ""
    reason: str = ""
    bases: dict[str, int] = {}
    days: int = DAYS[0]
    replay: str = ""
    of: str = ""
    alone: bool = False

    @property
    def digest(self) -> str:
        """What tells it from another draft."""
        return digest_of(self.text, self.deleted)

    @property
    def deletions(self) -> tuple[tuple[Kind, str], ...]:
        """What shall go."""
        pairs = (one.partition("/") for one in self.deleted.split(","))
        return tuple((kind_of(kind), name) for kind, _, name in pairs if name)

    @property
    def edit(self) -> Edit:
        """As it is checked and made."""
        return Edit(text=self.text, deletions=self.deletions, bases=self.bases, reason=self.reason)

    @property
    def bases_text(self) -> str:
        """The versions as the form holds them."""
        return msgspec.json.encode(self.bases).decode()

    @property
    def title(self) -> str:
        """What the page is called."""
        if self.deleted:
            return f"Delete {', '.join(f'{WORDS[kind]} {name}' for kind, name in self.deletions)}"
        return f"Edit {WORDS[self.kind]} {self.name}" if self.name else f"New {WORDS[self.kind]}"


def read_draft(fields: Mapping[str, str]) -> Draft:
    """The draft of a form. What cannot be read of its hidden fields counts as not said."""
    try:
        bases = msgspec.json.decode(fields.get("bases") or "{}", type=dict[str, int])
    except msgspec.MsgspecError:
        bases = {}
    days = fields.get("days", "")
    return Draft(
        kind=kind_of(fields.get("kind", "")),
        name=plain(fields.get("name", "")),
        # Browsers send each end of a line as CR LF.
        text=fields.get("text", "").replace("\r\n", "\n"),
        deleted=fields.get("deleted", ""),
        reason=fields.get("reason", "").strip()[:REASON_CHARACTERS_MAX],
        bases={} if fields.get("rebase") else bases,
        days=int(days) if days in map(str, DAYS) else DAYS[0],
        replay=fields.get("replay", ""),
        of=fields.get("of", ""),
        alone=bool(fields.get("alone")),
    )


def kind_of(text: str) -> Kind:
    """The kind of a word; Policy for any other."""
    return next((kind for kind in WORDS if kind == text), "Policy")
