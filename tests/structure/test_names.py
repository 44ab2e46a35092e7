"""Modules are named after what they hold; tests sit where their source sits."""

from tests.structure.checkout import ROOT, SOURCE, name_of, python_files

FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service"}

# Source files without a test file of their own, and where they are tested instead.
TESTED_ELSEWHERE = {
    "index/past.py": "tests/reading/test_replaying.py, against each call by itself",
    "reading/replays.py": "tests/api/test_policies.py, begun and watched",
    "cli/policy_replay.py": "tests/cli/test_policy.py",
    "console/exports_view.py": "tests/console/test_exports.py",
    "cli/progress.py": "tests/cli/test_export.py and test_bars.py",
    "cli/download.py": "tests/cli/test_export.py, a download that breaks off",
    "cli/call_sections.py": "tests/cli/test_show.py",
    "cli/asking.py": "tests/cli/test_search.py, bounds and mistakes",
    "__main__.py": "one call of cli/main.py",
    "api/answers.py": "tests/api/test_calls.py, one call with its payloads",
    "api/app.py": "tests/api/test_calls.py and test_caller.py go through it",
    "api/deps.py": "data only; every test of the API makes it",
    "api/params.py": "tests/api/test_operations.py, bad parameters",
    "api/positions.py": "tests/api/test_summaries.py, parts of one snapshot",
    "api/preferences.py": "tests/api/test_saved.py",
    "api/problems.py": "tests/api/test_calls.py, bad queries",
    "api/records.py": "tests/api/test_caller.py, records",
    "api/shares.py": "tests/api/test_saved.py",
    "api/values.py": "tests/api/test_summaries.py, values and completion; tests/api/test_scope.py",
    "console/address.py": "tests/console/test_explorer.py follows the addresses",
    "console/answers.py": "tests/console/test_calls.py and test_browser.py",
    "console/app.py": "tests/console/test_sign_in.py, every address",
    "console/asking.py": "tests/console/test_explorer.py, every part of a view",
    "console/assets.py": "tests/console/test_sign_in.py, static files",
    "console/brief.py": "tests/console/test_narrowing.py, a call in a few lines",
    "console/call_view.py": "tests/console/test_calls.py",
    "console/completion.py": "tests/console/test_narrowing.py, completions",
    "console/deps.py": "data only; every test of the console makes it",
    "console/explorer_view.py": "tests/console/test_explorer.py",
    "console/facets_view.py": "tests/console/test_explorer.py follows the links of facets",
    "console/headers.py": "tests/console/test_sign_in.py",
    "console/histogram_view.py": "tests/console/test_explorer.py, the histogram adds up",
    "console/live.py": "tests/console/test_browser.py, new calls appear",
    "console/looks.py": "data only; tests/console/test_explorer.py shows every status",
    "console/numbers.py": "tests/console/test_calls.py, sizes",
    "console/pages.py": "tests/console/test_explorer.py, fragments",
    "console/palette.py": "tests/console/test_saved_pages.py, the palette",
    "console/parts.py": "tests/console/test_explorer.py, parts that come late",
    "console/posting.py": "tests/console/test_saved_pages.py, forms of other sites",
    "console/preferences.py": "tests/console/test_saved_pages.py, preferences",
    "console/rows.py": "tests/console/test_explorer.py",
    "console/session.py": "tests/console/test_sign_in.py",
    "dlp/detectors_cloud.py": "data only; tests/dlp/test_catalog.py",
    "dlp/detectors_contact.py": "data only; tests/dlp/test_catalog.py",
    "dlp/detectors_generic.py": "data only; tests/dlp/test_catalog.py",
    "dlp/detectors_identity.py": "data only; tests/dlp/test_catalog.py",
    "dlp/detectors_indicators.py": "data only; tests/dlp/test_catalog.py",
    "dlp/detectors_money.py": "data only; tests/dlp/test_catalog.py",
    "dlp/detectors_tools.py": "data only; tests/dlp/test_catalog.py",
    "dlp/hit.py": "data only; tests/dlp/test_scanner.py",
    "dlp/lookalikes.py": "data only; tests/dlp/test_fold.py",
    "dlp/matcher.py": "tests/dlp/test_scanner.py and test_catalog.py, every example in every surrounding",
    "dlp/run.py": "tests/dlp/test_scanner.py",
    "dlp/validators_contact.py": "tests/dlp/test_validators.py",
    "dlp/validators_identity.py": "tests/dlp/test_validators.py",
    "dlp/validators_indicator.py": "tests/dlp/test_catalog.py",
    "dlp/validators_money.py": "tests/dlp/test_validators.py",
    "dlp/validators_secret.py": "tests/dlp/test_validators.py",
    "demo/cast.py": "data only; tests/cli/test_demo.py plays it",
    "demo/direct.py": "tests/cli/test_demo.py",
    "demo/players.py": "tests/cli/test_demo.py",
    "demo/stage.py": "tests/cli/test_demo.py",
    "gateway/connectors.py": "tests/gateway/test_gate.py, changes and bad connectors; test_call.py, credentials",
    "gateway/handshake.py": "tests/gateway/test_eras.py, every client with every connector",
    "gateway/local.py": "tests/gateway/test_eras.py and test_gate.py, the aggregate",
    "gateway/recorder.py": "every test of tests/gateway reads its records back from disk",
    "gateway/stream.py": "tests/gateway/test_eras.py and test_gate.py, streams of sessions",
    "gateway/traffic.py": "tests/gateway/test_call.py, notifications; test_eras.py, answers and cancellation; test_gate.py, the end of a session",
    "gateway/watch.py": "tests/gateway/test_app.py, half-closed clients; upstream/test_hostile.py, callers that leave",
    "gateway/upstream/children.py": "tests/gateway/upstream/test_stdio.py",
    "gateway/upstream/exchange.py": "protocols and plain data; tests/gateway/upstream use them",
    "gateway/upstream/http.py": "tests/gateway/upstream/test_hostile.py, every behaviour of an upstream",
    "gateway/upstream/legacy_sse.py": "tests/gateway/test_eras.py, the older transport",
    "index/arguments.py": "tests/reading/test_counting.py, arguments by path and value",
    "index/bands.py": "tests/reading/test_counting.py, bands of durations",
    "log/chain.py": "tests/log/test_book.py",
    "log/clock.py": "tests/log/test_book.py, the clock that steps",
    "log/disk.py": "tests/log/test_segment.py and test_data_keys.py",
    "log/errors.py": "raised and read in every test of the log",
    "log/opening.py": "tests/log/test_book.py and test_recovery.py",
    "log/receipt.py": "tests/log/test_book.py and test_writer.py",
    "reading/exports_rows.py": "tests/reading/test_exports.py, payloads from the log, dropped and erased",
    "reading/exports_run.py": "tests/reading/test_exports.py, every form, limits, cancelling, a process that is killed",
    "reading/exports_store.py": "tests/reading/test_exports.py, restarts and expiry",
    "reading/detail.py": "tests/api/test_calls.py",
    "reading/proving.py": "tests/api/test_calls.py and tests/console/test_calls.py",
    "reading/records.py": "tests/api/test_caller.py, records",
    "record/views/call.py": "tests/record/views/test_ocsf_1_8.py makes every kind of call",
    "record/parts.py": "tests/record/test_codec.py makes every group of fields",
    "cli/tools_text.py": "tests/cli/test_tools.py",
    "console/connectors_view.py": "tests/console/test_connectors.py",
    "console/tool_view.py": "tests/console/test_connectors.py",
    "reading/tool_activity.py": "tests/api/test_connectors.py, calls as the index has them",
    "reading/proposed.py": "tests/control/test_changing.py, every state of a proposal",
    "reading/rule_activity.py": "tests/reading/test_rule_list.py, calls to which rules applied",
    "reading/rule_changes.py": "data only; tests/control/test_changing.py makes it",
    "reading/rule_facts.py": "data only; tests/reading/test_rule_room.py reads it",
    "state/proposals.py": "tests/control/test_changing.py, every state of a proposal",
    "state/rewriting.py": "tests/reading/test_rule_room.py, modes and earlier versions",
    "reading/tool_facts.py": "data only; tests/reading/test_inventory.py makes it",
    "console/call_facts.py": "tests/console/test_calls.py, similar calls and investigations",
    "console/context_view.py": "tests/console/test_calls.py, what happened around a call",
    "console/trends_view.py": "tests/console/test_trends.py",
    "reading/context.py": "tests/api/test_casework.py, the context",
    "reading/notable.py": "tests/reading/test_investigation.py, what is unusual",
    "reading/pictures.py": "tests/console/test_investigate.py and tests/api/test_casework.py, charts of both",
    "reading/report.py": "tests/api/test_casework.py, reports",
    "reading/tallies.py": "tests/reading/test_investigation.py and test_trends.py, every number",
    "reading/ways.py": "tests/reading/test_investigation.py, every number",
    "gateway/guards.py": "tests/gateway/test_guarding.py, every guardrail is found by it",
    "gateway/live.py": "data only; every call of tests/gateway makes one",
    "gateway/prepare.py": "tests/gateway/test_call.py, test_governing.py and test_guarding.py: every call goes through it",
    "gateway/refusal.py": "data only; every refusal of tests/gateway/test_governing.py is one",
    "gateway/refusing.py": "tests/gateway/test_governing.py and test_approving.py, every refusal",
    "gateway/relay.py": "tests/gateway/test_eras.py and test_guarding.py, questions and notifications",
}


def test_no_module_is_named_after_nothing() -> None:
    """No file or folder has a name that fits everything."""
    bad = {name_of(path) for path in python_files() if FORBIDDEN & {path.stem, *path.relative_to(ROOT).parts[:-1]}}
    assert not bad


def test_every_module_has_a_test_file() -> None:
    """src/gatebook/a/b.py is tested by tests/a/test_b.py, or it is listed with the reason why not."""
    modules = [path.relative_to(SOURCE) for path in python_files() if path.is_relative_to(SOURCE) and path.name != "__init__.py"]
    untested = {module.as_posix() for module in modules if not (ROOT / "tests" / module.parent / f"test_{module.name}").exists()}
    assert sorted(untested - set(TESTED_ELSEWHERE)) == []
    assert sorted(set(TESTED_ELSEWHERE) - untested) == []


def test_packages_hold_no_code_in_init() -> None:
    """An __init__.py says what its package is for; code has a module with a name."""
    assert not {name_of(path) for path in SOURCE.rglob("__init__.py") if path.parent != SOURCE and len(path.read_text().splitlines()) > 40}
