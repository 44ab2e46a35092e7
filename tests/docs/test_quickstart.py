"""The quickstart works as it stands in the documentation."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import shell_page
from tests.structure.checkout import ROOT

PAGE = ROOT / "docs" / "quickstart.md"


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the quickstart calls with curl (Debian package: curl)")
def test_the_quickstart_prints_what_it_shows(tmp_path: Path) -> None:
    """Every command of the quickstart runs, in order, and prints the lines that the page shows under it."""
    mcp, console = _free_ports()
    (tmp_path / "tmp").mkdir()
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
        "GATEBOOK_MCP_PORT": str(mcp),
        "GATEBOOK_CONSOLE_PORT": str(console),
        "GATEBOOK_LOG_SEGMENT_BYTES": "4194304",
        "GATEBOOK_LOG_RESERVE_BYTES": "1048576",
    }
    session = shell_page.script(PAGE, {"127.0.0.1:8400": f"127.0.0.1:{mcp}"}, pause_s=0.5)
    done = subprocess.run(
        ["bash", "-c", session], cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout[-4000:]
    printed = shell_page.printed(done.stdout)
    lost = {
        number: (gone, printed[number])
        for number, block in enumerate(shell_page.blocks(PAGE))
        if (gone := shell_page.missing(block.shown, printed[number]))
    }
    assert not lost


def test_a_line_that_is_not_printed_is_noticed() -> None:
    """Figures may differ, words may not; an ellipsis stands for anything."""
    printed = ["Token tok_1 of ada expires 2027-01-01 now"]
    assert shell_page.missing(("Token tok_99 of ada expires 2026-02-02 now",), printed) == []
    assert shell_page.missing(("Token … now",), printed) == []
    assert shell_page.missing(("Token tok_99 of bob expires 2026-02-02 now",), printed) == ["Token tok_99 of bob expires 2026-02-02 now"]


def test_the_quickstart_has_commands_to_run() -> None:
    """The marks are found: a page whose marks no pattern fits would pass unseen."""
    assert len(shell_page.blocks(PAGE)) >= 9
