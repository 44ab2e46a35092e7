"""The ways to reach a connector: Streamable HTTP, HTTP+SSE, and stdio children."""
