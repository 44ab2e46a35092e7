"""The demo: invented people with real MCP clients, real MCP servers, and the whole product in between."""
