"""Whether names can be looked for, as `gatebook status` tells it."""

from pathlib import Path

from gatebook.gateway.names.standing import Standing, standing


def test_the_worst_of_all_workers_is_told(tmp_path: Path) -> None:
    """Failed before starting before ready; nothing where names are not looked for."""
    one, other = Standing(tmp_path / "run", 0), Standing(tmp_path / "run", 1)
    assert standing(tmp_path / "run") is None
    one.set("ready")
    assert standing(tmp_path / "run") == "ready"
    other.set("starting")
    assert standing(tmp_path / "run") == "starting"
    other.set("failed", "there is no model")
    assert standing(tmp_path / "run") == "failed: there is no model"
    (tmp_path / "run" / "names-w7.json").write_text("{")
    other.set("off")
    assert standing(tmp_path / "run") == "ready"


def test_a_worker_begins_without_a_past(tmp_path: Path) -> None:
    """What a worker of the same slot had said before it ended is forgotten."""
    Standing(tmp_path, 0).set("failed", "x")
    Standing(tmp_path, 0)
    assert standing(tmp_path) is None
