"""FastMCP's own proxy in front of the echo connector. Runs in the environment .tools/bench-fastmcp, never in Gatebook's.

`python bench/fastmcp_proxy.py UPSTREAM_URL PORT shipped|tuned`. Tuned: FastMCP's own option for the SSL context, given one that is made once;
as shipped, a context is made for each client, and the proxy makes a client for each call.
"""

import ssl
import sys

from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.server import create_proxy


def main(url: str, port: int, variant: str) -> None:
    """Serve until the process is ended."""
    target = StreamableHttpTransport(url, verify=ssl.create_default_context()) if variant == "tuned" else url
    proxy = create_proxy(target, name="proxy")
    proxy.run(transport="http", host="127.0.0.1", port=port, show_banner=False, log_level="ERROR", uvicorn_config={"access_log": False})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
