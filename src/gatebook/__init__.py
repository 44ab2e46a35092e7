"""Gatebook: a gateway for MCP that keeps the book of every AI tool call."""

__version__ = "0.1.0"
