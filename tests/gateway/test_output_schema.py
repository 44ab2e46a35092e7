"""Whether a structured result keeps the promise of its tool."""

from gatebook.gateway.output_schema import keeps_promise


def test_a_result_is_held_against_the_schema() -> None:
    """By JSON Schema 2020-12."""
    schema = '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}'
    assert keeps_promise(schema, b'{"n":1}') and not keeps_promise(schema, b'{"n":"x"}') and not keeps_promise(schema, b"{}")
    assert not keeps_promise(schema, b"{")


def test_a_schema_that_cannot_be_read_promises_nothing() -> None:
    """Nor does one that leads to another document, which is not fetched."""
    assert keeps_promise('{"type": 5}', b"{}") and keeps_promise('{"$ref":"http://127.0.0.1:9/other.json"}', b"{}")
