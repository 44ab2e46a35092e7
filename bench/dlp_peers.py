"""Other scanners with the same payload. Runs with an interpreter that has them: `python dlp_peers.py NAME ROUNDS` reads the payload and prints seconds of CPU and findings."""

import importlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

PEERS: Final = ("detect-secrets", "presidio-analyzer, patterns")


def main() -> None:
    """Measure the named peer."""
    text = sys.stdin.buffer.read().decode()
    scan = {PEERS[0]: _detect_secrets, PEERS[1]: _presidio}[sys.argv[1]]()
    times, found = [], 0
    for _ in range(int(sys.argv[2])):
        started = time.process_time()
        found = scan(text)
        times.append(time.process_time() - started)
    print(statistics.median(times), found)


def _detect_secrets() -> Callable[[str], int]:
    """All plugins of detect-secrets, on the payload as one line, with its default filters."""
    scan: Any = importlib.import_module("detect_secrets.core.scan")
    settings: Any = importlib.import_module("detect_secrets.settings")

    def run(text: str) -> int:
        with settings.default_settings():
            return sum(1 for _ in scan.scan_line(text))

    return run


def _presidio() -> Callable[[str], int]:
    """The recognizers of presidio that work with patterns alone, for English; those that need a language model are left out."""
    module: Any = importlib.import_module("presidio_analyzer.predefined_recognizers")
    base: Any = importlib.import_module("presidio_analyzer").PatternRecognizer
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base) and kind is not base]
    recognizers = [kind() for kind in kinds]

    def run(text: str) -> int:
        return sum(len(one.analyze(text, one.supported_entities, None) or ()) for one in recognizers)

    return run


if __name__ == "__main__":
    main()
