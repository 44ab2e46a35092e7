"""Plain cases with many values at once: exports, lists and configuration, where each value has to be found."""

import json
from collections.abc import Callable
from typing import Any

from tests.dlp.labelled.case import Case
from tests.dlp.labelled.draw import Draw
from tests.dlp.labelled.ordinary_words import CITIES, money, person
from tests.dlp.labelled.plain import also, enveloped, expected, values

Row = dict[str, str]
ROWS = 6


def rows(name: str, columns: dict[str, str]) -> list[Row]:
    """Return rows with a name, a city and a value in each column; the columns map a heading to a detector."""
    draw = Draw(f"crowd {name}")
    found = []
    for place in range(ROWS):
        row = {"name": person(draw), "city": draw.pick(CITIES)}
        row |= {heading: values()[detector][place % len(values()[detector])] for heading, detector in columns.items()}
        found.append(row | {"amount": f"{money(draw):.2f}"})
    return found


def as_csv(table: list[Row]) -> Any:
    """Text with a heading and commas."""
    return "\n".join([",".join(table[0]), *(",".join(row.values()) for row in table)]) + "\n"


def as_objects(table: list[Row]) -> Any:
    """A list of objects, each with its keys."""
    return {"records": table, "totalSize": len(table)}


def as_text_of_objects(table: list[Row]) -> Any:
    """JSON inside of text, indented, as many servers answer."""
    return json.dumps(table, indent=2, ensure_ascii=False)


def as_markdown(table: list[Row]) -> Any:
    """A table of Markdown."""
    lines = [f"| {' | '.join(row.values())} |" for row in table]
    return "\n".join([f"| {' | '.join(table[0])} |", "|" + "---|" * len(table[0]), *lines])


def as_lines(table: list[Row]) -> Any:
    """Settings, one in a line, a block for each row."""
    return "\n".join("\n".join(f"{key.upper()}={value}" for key, value in row.items()) for row in table)


# Columns whose values are known by their shape alone, since the heading is far from the last row.
FAR = {
    "customers": {"email": "pii/email", "phone": "pii/phone_intl"},
    "payments": {"card": "pii/credit_card", "iban": "pii/iban"},
    "employees": {"email": "pii/email", "ssn": "pii/us_ssn"},
    "citizens": {"cpf": "pii/br_cpf", "codice_fiscale": "pii/it_codice_fiscale"},
    "machines": {"aws_access_key_id": "secret/aws_access_key_id", "github_token": "secret/github_pat", "slack_token": "secret/slack_token"},
    "pipelines": {"stripe_key": "secret/stripe_key", "openai_key": "secret/openai_key", "url": "secret/url_with_password"},
}
# Columns that need the word of their key beside each value.
NEAR = {
    "patients": {"nhs_number": "pii/uk_nhs", "date_of_birth": "pii/date_of_birth", "mrn": "pii/medical_record"},
    "payroll": {"bsn": "pii/nl_bsn", "passport_number": "pii/passport_number"},
    "providers": {"npi": "pii/us_npi", "dea_number": "pii/us_dea"},
    "vendors": {"routing_number": "pii/us_aba_routing", "bic": "pii/swift_bic"},
    "logins": {"password": "secret/generic_secret", "aws_secret_access_key": "secret/aws_secret_key"},
}
EVERY: tuple[Callable[[list[Row]], Any], ...] = (as_csv, as_objects, as_text_of_objects, as_markdown, as_lines)
KEYED = (as_objects, as_text_of_objects, as_lines)


def cases() -> list[Case]:
    """Return all cases with many values."""
    found = []
    for groups, writers in ((FAR, EVERY), (NEAR, KEYED)):
        for name, columns in groups.items():
            table = rows(name, columns)
            expect = tuple(
                {(detector, row[key]): expected(detector, row[key]) for row in table for key, detector in columns.items()}.values()
            )
            tolerated = frozenset().union(*(also(detector) for detector in columns.values())) - set(columns.values())
            for place, write in enumerate(writers):
                case_id = f"plain-crowd-{name}-{place + 1}"
                payload = enveloped(write(table), place)
                found.append(Case(id=case_id, kind="plain", way="crowd", payload=payload, expect=expect, also=tolerated))
    return found
