"""The local administrator."""

import json
import os
import pwd

from gatebook.control.caller import account_name, local_caller, name_at_socket


def test_the_account_before_sudo_is_named() -> None:
    """The record names the person, not root, where sudo tells who it is."""
    own = pwd.getpwuid(os.getuid()).pw_name
    assert account_name({}) == own
    assert account_name({"SUDO_USER": "ana"}) == ("ana" if os.getuid() == 0 else own)


def test_a_local_caller_is_never_a_person_of_the_directory() -> None:
    """Its id has a form that no person can have, and its name is cut to what a record holds."""
    caller = local_caller("ana", str.upper)
    assert (caller.person, caller.subject, caller.auth) == ("os:ana", "OS:ANA", "socket")
    assert json.loads(caller.identity)["groups"] == ["local-admin"]
    assert len(local_caller("x" * 1000, str).person) < 100


def test_only_root_may_name_another_account() -> None:
    """The kernel says who is at the other end of the socket; root could become anybody anyway."""
    own = pwd.getpwuid(1).pw_name
    assert (name_at_socket(1, "ana"), name_at_socket(1, None)) == (own, own)
    assert (name_at_socket(0, "ana"), name_at_socket(0, None)) == ("ana", "root")
    assert name_at_socket(2**31 - 7, "ana") == f"uid{2**31 - 7}"
    assert name_at_socket(None, "ana") == "ana"
