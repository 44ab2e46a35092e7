"""Static files, read once at start and served under an address that changes with their content, so that browsers may keep them for ever."""

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class Assets:
    """All files of `static/`. `version` is a hash over all of them, because the modules import each other by name."""

    def __init__(self) -> None:
        folder = files("gatebook.console") / "static"
        entries = sorted((entry for entry in folder.iterdir() if entry.name.rpartition(".")[2] in _TYPES), key=lambda entry: entry.name)
        self._files = {entry.name: entry.read_bytes() for entry in entries}
        digest = hashlib.sha256()
        for name, data in self._files.items():
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        self.version = digest.hexdigest()[:16]

    def url(self, name: str) -> str:
        """Address of a file. Raises KeyError when there is none, so that a template with a wrong name fails in every test."""
        self._files[name]
        return f"/static/{self.version}/{name}"

    async def serve(self, request: Request) -> Response:
        """Answer for `/static/{version}/{name}`. An old version gets the current file without the long life."""
        name = request.path_params["name"]
        data = self._files.get(name)
        if data is None:
            return Response("Not found", 404, media_type="text/plain")
        current = request.path_params["version"] == self.version
        headers = {"cache-control": "public, max-age=31536000, immutable" if current else "no-store"}
        return Response(data, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
