"""Somebody with a browser, played by a script: signs in to the console by a one-time link, and answers what an AI client asks."""

import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from conformance import servers

_TIMEOUT_S = 30
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class Person:
    """A person with a console session."""

    def __init__(self, console_url: str) -> None:
        self._console_url = console_url
        self._browser = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPCookieProcessor(CookieJar()))

    @classmethod
    async def sign_in(cls, gateway: servers.Gateway, id: str) -> "Person":
        """Sign in as an administrator, who is made when new."""
        printed = await servers.gatebook(gateway.data, "bootstrap", id)
        person = cls(gateway.console_url)
        secret = re.search(r"/sign-in#(\S+)", printed)
        assert secret is not None, printed
        status, _, text = person.open("/sign-in", {"secret": secret[1]})
        assert status == 303, text
        return person

    def answer(self, authorize_url: str, do: str = "allow") -> str:
        """Open the address that an AI client shows, answer the question; returns the address that leads back to the client."""
        status, location, text = self.open(authorize_url)
        while status in (302, 303) and location.startswith((self._console_url, "/")):
            status, location, text = self.open(location)
        if status != 200:
            raise AssertionError(f"{status} {location or text}")
        status, location, text = self.open("/oauth/consent", dict(_HIDDEN.findall(text)) | {"do": do})
        assert status == 303, text
        return location

    def open(self, address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Open an address or send a form; returns status, where it leads, and the page."""
        url = urllib.parse.urljoin(self._console_url, address)
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, data, {"Origin": self._console_url} if form else {})
        try:
            with self._browser.open(request, timeout=_TIMEOUT_S) as response:
                return response.status, response.headers.get("Location", ""), response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location", ""), error.read().decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
