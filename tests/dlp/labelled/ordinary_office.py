"""Ordinary results of connectors for the office: customers, invoices, tickets, calendars, pages, mail without addresses."""

from collections.abc import Callable
from typing import Any

from tests.dlp.labelled import ordinary_words as words
from tests.dlp.labelled.draw import BASE62, HEX, UPPER, Draw


def customers(draw: Draw) -> dict[str, Any]:
    """Rows of a customer system."""
    rows = [
        {
            "Id": "001" + draw.chars(BASE62, 15),
            "Name": f"{draw.pick(words.LAST_NAMES)} {draw.pick(('GmbH', 'Ltd', 'SA', 'Inc', 'BV'))}",
            "BillingCity": draw.pick(words.CITIES),
            "AnnualRevenue": draw.number(10**4, 10**9),
            "NumberOfEmployees": draw.number(1, 20000),
            "LastActivityDate": words.date(draw),
            "ExternalKey__c": words.some_id(draw),
        }
        for _ in range(4)
    ]
    return {"totalSize": draw.number(4, 4000), "done": True, "records": rows}


def invoices(draw: Draw) -> str:
    """Invoices as CSV, in two ways of writing numbers."""
    rows = ["number;customer;net;tax;gross;due"]
    for _ in range(10):
        net = words.money(draw)
        texts = [f"{amount:.2f}" for amount in (net, net * 0.19, net * 1.19)]
        rows.append(";".join([words.some_id(draw), f"C-{draw.number(1000, 99999)}", *texts, words.date(draw)]))
    text = "\n".join(rows)
    return text if draw.number(0, 1) else text.replace(";", ",")


def tickets(draw: Draw) -> dict[str, Any]:
    """Tickets of a help desk."""
    found = [
        {
            "key": f"{draw.chars(UPPER, 3)}-{draw.number(1, 99999)}",
            "summary": words.sentence(draw),
            "description": words.paragraph(draw),
            "reporter": words.person(draw),
            "created": words.stamp(draw),
            "customfield_10016": draw.number(1, 13),
            "rank": f"0|i{draw.chars('0123456789abcdefghijklmnopqrstuvwxyz', 5)}:",
        }
        for _ in range(3)
    ]
    return {"startAt": 0, "maxResults": 50, "total": draw.number(3, 999), "issues": found}


def calendar(draw: Draw) -> dict[str, Any]:
    """Events of a week."""
    events = [
        {
            "id": draw.chars("0123456789abcdefghijklmnopqrstuv", 26),
            "summary": words.sentence(draw),
            "start": {"dateTime": words.stamp(draw), "timeZone": "Europe/Berlin"},
            "location": f"Room {draw.number(1, 9)}.{draw.number(1, 40):03d}",
            "sequence": draw.number(0, 9),
            "etag": f'"{2_000 * draw.number(16 * 10**11, 179 * 10**10)}"',
        }
        for _ in range(3)
    ]
    return {"kind": "calendar#events", "updated": words.stamp(draw), "items": events}


def web_page(draw: Draw) -> str:
    """The text of a page, with links and a table."""
    table = "\n".join(f"| {draw.pick(words.NOUNS)} | {draw.number(1, 10**6)} | {words.money(draw)} |" for _ in range(4))
    return f"# {words.sentence(draw)}\n\n{words.paragraph(draw, 6)}\n\n| a | b | c |\n|---|---|---|\n{table}\n\n[More]({words.url(draw)}), [next]({words.url(draw)})\n"


def html_page(draw: Draw) -> str:
    """A page as it is sent."""
    items = "".join(
        f'<li id="i{draw.number(1, 10**9)}" class="c-{draw.chars(HEX, 6)}"><a href="{words.url(draw)}">{words.sentence(draw)}</a></li>'
        for _ in range(4)
    )
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><style>a{{color:#{draw.chars(HEX, 6)}}}</style></head><body><ul>{items}</ul></body></html>'


def search_results(draw: Draw) -> dict[str, Any]:
    """Results of a search on the web."""
    results = [
        {"title": words.sentence(draw), "url": words.url(draw), "snippet": words.paragraph(draw, 2), "score": draw.random.random()}
        for _ in range(4)
    ]
    return {"query": f"{draw.pick(words.NOUNS)} {draw.pick(words.NOUNS)}", "results": results}


def chat(draw: Draw) -> dict[str, Any]:
    """Messages of a channel."""
    messages = [
        {
            "type": "message",
            "user": "U0" + draw.chars(UPPER + "0123456789", 9),
            "text": words.sentence(draw),
            "ts": f"{draw.number(1_600_000_000, 1_790_000_000)}.{draw.digits(6)}",
            "reply_count": draw.number(0, 9),
        }
        for _ in range(4)
    ]
    return {"ok": True, "channel": "C0" + draw.chars(UPPER + "0123456789", 9), "messages": messages}


def stock(draw: Draw) -> str:
    """What lies on the shelves, as a table with tabs."""
    rows = [
        f"{words.some_id(draw)}\t{draw.pick(words.NOUNS)} {draw.chars(UPPER, 2)}{draw.number(10, 999)}\t{draw.number(0, 5000)}\t{words.money(draw)}"
        for _ in range(8)
    ]
    return "\n".join(["sku\tname\tqty\tprice", *rows])


def shipments(draw: Draw) -> dict[str, Any]:
    """Parcels under way."""
    parcels = [
        {
            "trackingNumber": "1Z" + draw.chars(UPPER + "0123456789", 6) + draw.digits(10),
            "weight_g": draw.number(100, 30000),
            "to": draw.pick(words.CITIES),
        },
        {"trackingNumber": "0034043" + draw.digits(13), "weight_g": draw.number(100, 30000), "to": draw.pick(words.CITIES)},
    ]
    return {"parcels": parcels, "manifest": words.some_id(draw)}


def minutes(draw: Draw) -> str:
    """Minutes of a meeting."""
    points = "\n".join(f"{place}. {words.sentence(draw)} (until {words.date(draw)})" for place in range(1, 6))
    return f"Minutes of {words.date(draw)}, {words.clock(draw)[:5]}\nPresent: {words.person(draw)}, {words.person(draw)}\n\n{points}\n"


def books(draw: Draw) -> dict[str, Any]:
    """Books of a library, with their numbers."""
    return {
        "books": [
            {
                "isbn": f"978-{draw.number(0, 9)}-{draw.digits(4)}-{draw.digits(4)}-{draw.number(0, 9)}",
                "title": words.sentence(draw),
                "year": draw.number(1950, 2026),
            }
            for _ in range(3)
        ]
    }


MAKERS: dict[str, Callable[[Draw], Any]] = {
    "customers": customers, "invoices": invoices, "tickets": tickets, "calendar": calendar, "web page": web_page, "html page": html_page,
    "search results": search_results, "chat": chat, "stock": stock, "shipments": shipments, "minutes": minutes, "books": books,
}  # fmt: skip
