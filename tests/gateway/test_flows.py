"""State of sessions in a worker."""

from gatebook.gateway.flows import Flows
from gatebook.state.governance import Canaries, GovernanceSpec, ToxicFlows
from gatebook.state.snapshot import Rules, Snapshot

KEY = b"k" * 32
CALL = "01a1e50e-2551-754b-ac08-1c768eb5d5da"


def flows(**spec: object) -> Flows:
    """Make the flows of one configuration."""
    made = Flows(KEY)
    made.apply(Snapshot(rules=Rules(governance=GovernanceSpec(**spec))))  # type: ignore[arg-type]
    return made


def test_sessions_are_bounded() -> None:
    """The one that was not used for longest is forgotten first."""
    made = flows(toxic_flows=ToxicFlows(action="alert", labels={"x/*": ("private_source",)}))
    for number in range(21_000):
        made.step(f"s{number}", "x", "t", CALL)
    assert len(made._flows) == 20_000 and "s0" not in made._flows and "s20999" in made._flows


def test_canaries_are_planted_where_it_was_decided() -> None:
    """By connector and tool; by default nowhere."""
    assert flows().canary("x", "t", CALL) is None and not flows().plants
    chosen = flows(canaries=Canaries(connectors=("crm",), tools=("get_*",)))
    assert chosen.canary("crm", "list", CALL) is None and chosen.canary("git", "get_x", CALL) is None
    token = chosen.canary("crm", "get_x", CALL)
    assert token is not None and chosen.planted(f'{{"a":"{token}"}}'.encode()) == [CALL]
