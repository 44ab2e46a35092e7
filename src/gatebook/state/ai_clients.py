"""The resource kind `AiClients`: how AI clients may sign in, and for how long. There is one document of it."""

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from gatebook.state.parts import Part

ONLY_NAME = "default"
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class AiClientsSpec(Part, frozen=True, kw_only=True):
    """What the document of kind AiClients, named `default`, says under `spec`."""

    metadata_documents: Annotated[
        bool, Meta(description="Clients whose id is the address of a document about them (CIMD) may sign people in.")
    ] = True
    registration: Annotated[bool, Meta(description="Clients may register themselves (RFC 7591).")] = True
    registrations_per_hour: Annotated[
        Annotated[int, Meta(ge=1, le=10_000)],
        Meta(description="Registrations from one network in one hour: an IPv4 address, or the /64 of an IPv6 address."),
    ] = 20
    access_minutes: Annotated[Annotated[int, Meta(ge=1, le=60)], Meta(description="Life of an access token.")] = 15
    refresh_days: Annotated[
        Annotated[int, Meta(ge=1, le=365)], Meta(description="After so many days without use a client has to ask its person again.")
    ] = 30
    assertion_hosts: Annotated[
        tuple[Annotated[str, Meta(max_length=253)], ...],
        Meta(description="Hosts whose clients may present identity assertions (ID-JAG) although they hold no secret and no key."),
    ] = ()


def ai_clients_faults(name: str, spec: AiClientsSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if name != ONLY_NAME:
        yield "name", f"there is one document of this kind; its name is {ONLY_NAME}"
    for host in spec.assertion_hosts:
        if not _HOST.fullmatch(host):
            yield "spec.assertion_hosts", f"{host!r} is not the name of a host, such as claude.ai"
