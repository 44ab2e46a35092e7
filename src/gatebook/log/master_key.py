"""The master key file: 32 random bytes that wrap every data key. Whoever may read it can read every payload."""

import os
import stat
from pathlib import Path
from typing import Final

from gatebook.log.disk import make_directory, write_new_file
from gatebook.log.errors import KeyFileUnsafe

KEY_BYTES: Final = 32


def load_or_create_master_key(path: Path) -> bytes:
    """Return the key in `path`; make one, mode 0600, when there is none. Raises KeyFileUnsafe when others may read it or it is not 32 bytes."""
    if not path.exists():
        make_directory(path.parent, 0o700)
        # False means that another process was first: its key is the one that counts.
        write_new_file(path, os.urandom(KEY_BYTES), 0o600)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(os.fstat(fd).st_mode)
        if mode & 0o077:
            raise KeyFileUnsafe(f"{path} may be read or written by others (mode {mode:04o}); make it 0600")
        key = os.read(fd, KEY_BYTES + 1)
    finally:
        os.close(fd)
    if len(key) != KEY_BYTES:
        raise KeyFileUnsafe(f"{path} must hold exactly {KEY_BYTES} bytes")
    return key
