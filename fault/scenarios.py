"""The list of all scenarios. Each takes a directory of its own, the number of rounds of kill -9, and where to tell its progress."""

from collections.abc import Callable
from pathlib import Path

from fault import clock, cut_off, full_disk, in_flight, kills, power_cuts, readers
from fault.result import Result

Scenario = Callable[[Path, int, Callable[[str], None]], Result]
ALL: dict[str, Scenario] = {
    "kills": kills.run,
    "power": power_cuts.run,
    "control": power_cuts.run_control,
    "disk": full_disk.run,
    "clock": clock.run,
    "flight": in_flight.run,
    "readers": readers.run,
    "cut-off": cut_off.run,
}
