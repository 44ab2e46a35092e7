"""`gatebook init`: make what a deployment needs before its first start. Running it again changes nothing that is there."""

import argparse
import time

from gatebook.cli.main import read_settings
from gatebook.control.key_files import create_keys, epoch_file
from gatebook.settings import Settings
from gatebook.state.opening import open_state


def arguments(_parser: argparse.ArgumentParser) -> None:
    """No arguments of its own."""


def run(args: argparse.Namespace) -> int:
    """Make directory, secrets and state, and say what was made."""
    settings = read_settings(args)
    for line in prepare(settings):
        print(line)
    print(f"Ready: {settings.data_dir}. Keep a copy of {settings.secrets_dir} somewhere safe: without it no payload can be read.")
    return 0


def prepare(settings: Settings) -> list[str]:
    """Make what is missing; returns a line about each thing that was made. Raises KeyMissing, StateError, OSError."""
    made = []
    for directory in (settings.data_dir, settings.secrets_dir, settings.run_dir):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in create_keys(settings):
        made.append(f"made {path}")
    store = open_state(settings)
    store.close()
    if store.made:
        made.append(f"made {store.place}")
    try:
        with epoch_file(settings).open("x") as file:
            file.write(f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}\n")
    except FileExistsError:
        pass
    return made
