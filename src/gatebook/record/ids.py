"""Ids of records: UUID version 7 (RFC 9562 section 5.7) from a time and random bytes that the caller supplies."""


def uuid7(time_us: int, random: bytes) -> str:
    """Return the UUID as text. `random` is 10 bytes; the sub-millisecond part of the time fills rand_a (method 3), so ids sort by time."""
    milliseconds, rest_us = divmod(time_us, 1000)
    rand_a = rest_us * 4096 // 1000
    rand_b = int.from_bytes(random[:8], "big") & 0x3FFF_FFFF_FFFF_FFFF
    text = f"{milliseconds & 0xFFFF_FFFF_FFFF:012x}7{rand_a:03x}{0x8000_0000_0000_0000 | rand_b:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def time_us_of(uuid: str) -> int:
    """Return the time in a UUIDv7, microseconds since 1970, to the millisecond."""
    return int(uuid[:8] + uuid[9:13], 16) * 1000
