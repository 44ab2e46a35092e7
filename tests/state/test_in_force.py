"""From resources to what decides."""

import pytest

from gatebook.dlp.catalog import BUILT_IN
from gatebook.policy.bundle import Bundle
from gatebook.policy.request import Request
from gatebook.state.approvals import AccessRequest
from gatebook.state.connectors import Allow, Connector, ConnectorSpec
from gatebook.state.governance import GovernanceSpec
from gatebook.state.guardrails import DetectorSpec, GuardrailSpec
from gatebook.state.in_force import all_detectors, detector_of, guardrail_of, sources_of
from gatebook.state.policies import PolicySpec, ToolPackSpec
from gatebook.state.snapshot import Rules, Snapshot

EMPLOYEE = DetectorSpec(pattern="E-[0-9]{6}", examples=("E-104233",), severity="high")
SNAPSHOT = Snapshot(
    config_hash="d" * 64,
    connectors={"crm": Connector(name="crm", version=1, spec=ConnectorSpec(transport="http", url="https://x.example", allow=Allow(groups=("sales",))))},
    rules=Rules(
        policies={"no-exports": PolicySpec(effect="deny", when="args.limit > 5"), "may": PolicySpec(effect="allow")},
        packs={"reading": ToolPackSpec(tools={"crm": ("get_*",)}, allow=Allow(people=("sam",)))},
        governance=GovernanceSpec(default="deny"),
    ),
    grants=(
        AccessRequest(id="r1", call="c", person="eve", connector="crm", tool="get", rules=("no-exports",), reason="x", asked_us=1, until_us=50),
    ),
)  # fmt: skip


def test_all_that_a_snapshot_holds_decides() -> None:
    """Access of connectors, tool packs, granted requests, policies and the default, under the hash of the configuration."""
    bundle = Bundle.compile(sources_of(SNAPSHOT))

    def effect(tool: str, arguments: bytes = b'{"limit": 1}', **who: object) -> tuple[str, str]:
        decision = bundle.decide(Request(connector="crm", tool=tool, arguments=arguments, time_us=10, **who))  # type: ignore[arg-type]
        assert decision.bundle == "d" * 16
        return decision.effect, decision.rule

    assert effect("put", person="ann", groups=("sales",)) == ("allowed", "may")
    assert effect("put", b'{"limit": 9}', person="ann", groups=("sales",)) == ("blocked", "no-exports")
    assert effect("get_one", person="sam") == ("allowed", "may")
    assert effect("put", person="sam")[0] == "blocked"
    assert effect("get", b'{"limit": 9}', person="eve") == ("allowed", "grant/r1")


def test_a_detector_of_ones_own_stands_beside_the_built_in_ones() -> None:
    """Its id is `custom/` and the name in the letters that ids have; its title is the name until it has one."""
    made = detector_of("employee-number", EMPLOYEE)
    assert (made.id, made.title, made.severity, made.pattern) == ("custom/employee_number", "employee-number", "high", "E-[0-9]{6}")
    found = all_detectors({"employee-number": EMPLOYEE})
    assert set(found) == {*BUILT_IN, "custom/employee_number"}


def test_a_guardrail_holds_the_ids_that_its_patterns_mean() -> None:
    """Families, bare names and detectors of one's own; observing is passed on."""
    spec = GuardrailSpec(
        detectors=("secret/*", "iban", "custom/employee"), action="block", mode="observe", min_count=3, parts=("response",)
    )
    made = guardrail_of("g", spec, all_detectors({"employee": EMPLOYEE}))
    assert set(made.detectors) == {name for name in BUILT_IN if name.startswith("secret/")} | {"pii/iban", "custom/employee"}
    assert (made.id, made.on, made.action, made.observe, made.min_count) == ("g", ("response",), "block", True, 3)


@pytest.mark.parametrize(("pattern", "near"), [("ibna", "iban"), ("pii/ibn", "pii/iban"), ("secrets/*", "secret/*")])
def test_a_detector_that_is_not_there_is_an_error(pattern: str, near: str) -> None:
    """It names the unknown one and the nearest, so that a guardrail never looks for nothing."""
    with pytest.raises(ValueError, match=f"There is no detector '{pattern.replace('*', '.')}'. Did you mean '{near.replace('*', '.')}'"):
        guardrail_of("g", GuardrailSpec(detectors=(pattern,), action="log"), BUILT_IN)
