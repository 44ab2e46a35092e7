"""Ids of records: UUID version 7 (RFC 9562 section 5.7) from a time and random bytes that the caller supplies."""


def uuid7(time_us: int, random: bytes) -> str:
    """Return the UUID as text. `random` is 10 bytes; the sub-millisecond part of the time fills rand_a (method 3), so ids sort by time."""
    milliseconds, rest_us = divmod(time_us, 1000)
    milliseconds &= 0xFFFF_FFFF_FFFF
    tail = int.from_bytes(random[:8], "big")
    return "%08x-%04x-7%03x-%04x-%012x" % (  # noqa: UP031 - half the time of format(), on every record
        milliseconds >> 16,
        milliseconds & 0xFFFF,
        rest_us * 4096 // 1000,
        0x8000 | tail >> 48 & 0x3FFF,
        tail & 0xFFFF_FFFF_FFFF,
    )


def time_us_of(uuid: str) -> int:
    """Return the time in a UUIDv7, microseconds since 1970, to the millisecond."""
    return int(uuid[:8] + uuid[9:13], 16) * 1000
