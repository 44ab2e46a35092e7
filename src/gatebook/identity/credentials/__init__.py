"""Credentials with which calls go on to connectors: how they are got, sealed, renewed and given back. Workers import this: no pydantic, no web framework."""
