"""Definitions as honest connectors have them: tool -> description, parameters with their descriptions, hints. Worded for these tests."""

import json
from typing import Any

from gatebook.definitions.definition import Definition, read

_READS = {"readOnlyHint": True, "openWorldHint": False}
_WRITES = {"readOnlyHint": False, "destructiveHint": False}
_DESTROYS = {"readOnlyHint": False, "destructiveHint": True}

TOOLS: dict[str, dict[str, tuple[str, dict[str, str], dict[str, bool]]]] = {
    "git": {
        "git_status": ("Shows which files of the working tree have changed", {"repo_path": "Where the repository lies"}, _READS),
        "git_log": (
            "Lists commits, newest first",
            {"repo_path": "Where the repository lies", "since": "Earliest date: ISO 8601 ('2024-01-15T14:30:25'), relative ('2 weeks ago')"},
            _READS,
        ),
        "git_branch": (
            "Lists branches of the repository",
            {"contains": "Commit that a branch should hold. Do not pass anything here when no commit was given", "kind": "local, remote or all"},
            _READS,
        ),
        "git_reset": ("Takes everything out of the staging area", {"repo_path": "Where the repository lies"}, _DESTROYS),
        "git_show": ("Shows a commit, or a file given as <revision>:<path>", {"revision": "Commit, branch or tag"}, _READS),
    },
    "time": {
        "get_current_time": ("Tells the time in a zone", {"timezone": "IANA name ('Europe/Lisbon'). Use 'UTC' if the user gave none"}, _READS),
        "convert_time": ("Converts a time from one zone to another", {"time": "24-hour time (HH:MM)", "target": "IANA name of the zone"}, _READS),
    },
    "fetch": {
        "fetch": (
            "Loads an address from the internet and returns its text as markdown. Even if you were told to refuse because there is no network and "
            "to tell the user so, this tool gives you access to current pages, and you can let the user know that.",
            {"url": "Address to load, such as https://example.com/page?id=1", "max_length": "Most characters to return", "raw": "Keep the HTML, <script> tags too"},
            {"readOnlyHint": True, "openWorldHint": True},
        ),
    },
    "filesystem": {
        "read_file": ("Reads a whole file as text. DEPRECATED: use read_text_file instead.", {"path": "File to read"}, _READS),
        "read_text_file": (
            "Reads a file as text. Use 'head' or 'tail' for its first or last lines. Only within the allowed directories, such as /mnt/docs.",
            {"path": "File to read", "head": "Number of lines", "tail": "Number of lines"},
            _READS,
        ),
        "write_file": ("Creates or replaces a file. Use with caution: replaces without warning.", {"path": "File", "content": "New text"}, _DESTROYS),
        "list_allowed_directories": ("Lists what this server may reach. Call it before you try other files, to know which exist.", {}, _READS),
        "search_files": ("Finds files by glob pattern, such as '**/*.env' or 'src/*.py'", {"pattern": "Glob", "excludePatterns": "Globs to skip"}, _READS),
    },
    "memory": {
        "create_entities": ("Adds nodes to the knowledge graph", {"entities": "Nodes with name, type and observations"}, _WRITES),
        "delete_relations": ("Removes edges from the knowledge graph", {"relations": "Edges: from, to, kind"}, _DESTROYS),
        "search_nodes": ("Searches nodes by a query over names, types and observations", {"query": "Words"}, _READS),
    },
    "everything": {
        "echo": ("Returns what it was given", {"message": "Any text"}, _READS),
        "get-env": ("Returns all environment variables, which helps to find out why a server does not start", {}, _READS),
        "trigger-sampling-request": ("Asks the client's model for a completion", {"prompt": "What to ask", "maxTokens": "Most tokens"}, _READS),
    },
    "docs": {
        "resolve-library-id": (
            "Finds the id of a library. You MUST call this before 'get-library-docs', unless the user names an id like '/org/project'.",
            {"libraryName": "Name to look for"},
            _READS,
        ),
        "get-library-docs": ("Returns pages of a library. You must call 'resolve-library-id' first.", {"libraryId": "Id, such as '/vercel/next.js'"}, _READS),
    },
    "thinking": {
        "think": (
            "Breaks a problem into steps.\n\nWhen to use this tool:\n- Planning\n- Analysis that might need correction\n\nYou should:\n1. Start with an "
            "estimate\n2. Feel free to question previous thoughts\n3. Ignore information that is irrelevant to the step\n4. Repeat until done",
            {"thought": "Your current step", "totalThoughts": "How many you expect"},
            _READS,
        ),
    },
    "github": {
        "create_issue": ("Opens an issue in a repository", {"title": "Title", "body": "Text; HTML comments `<!-- -->` are kept", "labels": "Labels"}, _WRITES),
        "get_file_contents": ("Returns a file or folder of a repository", {"path": "Path ('/' for the root)", "sha": "Commit"}, _READS),
        "merge_pull_request": ("Merges. Fails if rules of the branch forbid it; administrators can bypass branch rules.", {"method": "merge, squash"}, _WRITES),
    },
    "slack": {
        "post_message": ("Posts to a channel. Mention people as <@U012AB3CD>.", {"channel": "Id", "text": "Message", "silent": "Post without notifying members"}, _WRITES),
        "get_channel_history": ("Returns the last messages of a channel", {"limit": "At most 100"}, _READS),
    },
    "crm": {
        "search_customers": ("Finds customers by name, city or e-mail. Never returns more than 50.", {"query": "At least 3 letters"}, _READS),
        "set_user_password_policy": ("Sets rules for passwords. Do not reveal the current password of a user to other users here.", {"rules": "JSON"}, _WRITES),
    },
    "secrets": {
        "access_secret": ("Returns a secret by its name: projects/<project>/secrets/<secret>/versions/<version>", {"name": "Full name"}, _READS),
        "add_key": ("Registers a public key, usually the one in ~/.ssh/id_ed25519.pub", {"key": "Line of the file"}, _WRITES),
    },
    "wiki": {
        "suche": ("Durchsucht das Wiki. Gibt höchstens 20 Seiten zurück, die neueste zuerst – auch Entwürfe.", {"frage": "Suchwörter"}, _READS),
        "search_ja": ("社内Wikiを検索します。最大20件を返します。🔎️", {"query": "検索語"}, _READS),
        "поиск": ("Ищет страницы по словам и возвращает их заголовки.", {"слово": "Слово или несколько"}, _READS),
    },
}  # fmt: skip


def definition_of(connector: str, tool: str) -> Definition:
    """Return one of them as a definition."""
    description, parameters, hints = TOOLS[connector][tool]
    schema: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {name: {"type": "string", "description": text} for name, text in parameters.items()},
        "required": sorted(parameters)[:1],
        "additionalProperties": False,
    }
    raw = {"name": tool, "title": tool.replace("_", " ").title(), "description": description, "inputSchema": schema, "annotations": hints}
    return read(json.dumps(raw, ensure_ascii=False).encode())


def listed() -> dict[str, list[Definition]]:
    """Return all of them, by connector."""
    return {connector: [definition_of(connector, tool) for tool in tools] for connector, tools in TOOLS.items()}
