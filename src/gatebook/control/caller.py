"""The local administrator: whoever may use the keeper's socket or its files, by the name of their account on the machine."""

import os
import pwd
from collections.abc import Callable, Mapping

from gatebook.identity.directory import Principal, make_principal
from gatebook.state.snapshot import Person

LOCAL_GROUP = "local-admin"
_NAME_CHARACTERS_MAX = 64


def account_name(environ: Mapping[str, str] | None = None) -> str:
    """Name of the account that runs this command; the one before `sudo`, where it was used."""
    variables = os.environ if environ is None else environ
    if os.getuid() == 0 and variables.get("SUDO_USER"):
        return variables["SUDO_USER"]
    return _name_of(os.getuid())


def name_at_socket(uid: int | None, claimed: str | None) -> str | None:
    """Name of the account behind a request: what the kernel says of the peer. Only root may name another, since root may become any.

    `uid` None: the request did not come over a socket, and what it says is taken.
    """
    return claimed if uid is None or (uid == 0 and claimed) else _name_of(uid)


def local_caller(name: str | None, subject_of: Callable[[str], str]) -> Principal:
    """The principal of a local administrator; the id is `os:<account>`, so it never meets that of a person in the directory."""
    account = (name or account_name())[:_NAME_CHARACTERS_MAX]
    person = Person(id=f"os:{account}", name=account, groups=(LOCAL_GROUP,))
    return make_principal(person, subject_of(person.id), "socket")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid{uid}"
