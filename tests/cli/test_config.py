"""`gatebook config`."""

from gatebook.settings import Settings
from gatebook.settings_source import leaves, variable
from tests.cli.conftest import Run


def test_every_setting_is_shown_with_its_value_and_variable(bare: Run) -> None:
    """What is in force, wherever it came from."""
    code, output, _ = bare("config")
    rows = [line.split() for line in output.splitlines()[1:]]
    assert code == 0
    assert [(row[0], row[-1]) for row in rows] == [(name, variable(name)) for name, _ in leaves(Settings)]
    assert ["log.segment_bytes", "1048576", "GATEBOOK_LOG_SEGMENT_BYTES"] in rows
    assert ["limits.timeout_s", "60", "GATEBOOK_LIMITS_TIMEOUT_S"] in rows
