"""The data plane: an AI client's MCP request comes in, is decided, recorded, relayed, recorded and answered.

Read `call.py` first: one call, top to bottom. `README.md` has the protocol decisions.
"""
