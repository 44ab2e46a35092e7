"""The console's cookie, its CSRF token, and the check of where a POST comes from."""

import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console.deps import ConsoleDeps
from gatebook.reading.previews import viewing_as
from gatebook.reading.viewer import Viewer
from gatebook.record.parts import Source

LIFE_S = 8 * 3600
VIEW_AS_COOKIE = "view_as"
BODY_BYTES_MAX = 128 * 1024
_FIELDS_MAX = 20


def cookie_name(deps: ConsoleDeps) -> str:
    """`__Host-` binds the cookie to this host and to https; browsers refuse that prefix over plain http."""
    return "__Host-gatebook" if deps.https else "gatebook"


def secret_of(request: Request, deps: ConsoleDeps) -> str:
    """The session's secret that the browser sent; empty when it sent none."""
    return request.cookies.get(cookie_name(deps), "")


def browser_of(request: Request, deps: ConsoleDeps) -> str:
    """The secret of the sign-in that the browser has begun; empty when it has begun none."""
    return request.cookies.get(_browser_cookie(deps), "")


def set_browser(response: Response, deps: ConsoleDeps, secret: str, life_s: int) -> None:
    """Give the browser the secret of its sign-in."""
    response.set_cookie(_browser_cookie(deps), secret, max_age=life_s, path="/", secure=deps.https, httponly=True, samesite="lax")


def drop_browser(response: Response, deps: ConsoleDeps) -> None:
    """Take the secret of the sign-in away: it is done."""
    response.delete_cookie(_browser_cookie(deps), path="/", secure=deps.https, httponly=True, samesite="lax")


def _browser_cookie(deps: ConsoleDeps) -> str:
    return f"{cookie_name(deps)}-sign-in"


def hint_of(request: Request, deps: ConsoleDeps) -> str:
    """What the browser keeps for signing out at its identity provider; empty when there is nothing to do there."""
    return request.cookies.get(_hint_cookie(deps), "")


def set_hint(response: Response, deps: ConsoleDeps, hint: str) -> None:
    """Have the browser keep it for as long as a session lasts."""
    response.set_cookie(_hint_cookie(deps), hint, max_age=LIFE_S, path="/", secure=deps.https, httponly=True, samesite="lax")


def drop_hint(response: Response, deps: ConsoleDeps) -> None:
    """Take it away."""
    response.delete_cookie(_hint_cookie(deps), path="/", secure=deps.https, httponly=True, samesite="lax")


def _hint_cookie(deps: ConsoleDeps) -> str:
    return f"{cookie_name(deps)}-sign-out"


def viewer_of(request: Request, deps: ConsoleDeps) -> Viewer | None:
    """Who is signed in, None when nobody is."""
    secret = secret_of(request, deps)
    principal = deps.door.who(secret) if secret else None
    if principal is None:
        return None
    accesses = deps.accesses()
    own = Viewer(principal=principal, source=source_of(request), given=accesses.of(principal, deps.reasons.of(principal.subject)))
    wanted = request.cookies.get(VIEW_AS_COOKIE, "")
    return viewing_as(own, accesses, wanted) if wanted and own.administers else own


def set_cookie(response: Response, deps: ConsoleDeps, secret: str) -> None:
    """Give the browser its session."""
    response.set_cookie(cookie_name(deps), secret, max_age=LIFE_S, path="/", secure=deps.https, httponly=True, samesite="lax")


def drop_cookie(response: Response, deps: ConsoleDeps) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(cookie_name(deps), path="/", secure=deps.https, httponly=True, samesite="lax")


def csrf_token(secret: str) -> str:
    """The token that forms of this session carry. It tells nothing of the secret."""
    return hmac.digest(secret.encode(), b"gatebook csrf 1", hashlib.sha256).hex()


def csrf_holds(secret: str, token: str) -> bool:
    """Whether a form was made for this session."""
    return bool(secret) and hmac.compare_digest(csrf_token(secret).encode(), token.encode())


def same_origin(request: Request, deps: ConsoleDeps) -> bool:
    """Whether a POST comes from the console itself. Browsers send Origin with every POST; programs that send none carry no ambient cookie."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return origin == deps.console_url or urlsplit(origin).netloc == request.headers.get("host", "")


async def form_of(request: Request, bytes_max: int = BODY_BYTES_MAX) -> dict[str, str] | None:
    """The fields of a urlencoded form; None when it is too large or not one."""
    pairs = await pairs_of(request, _FIELDS_MAX, bytes_max)
    return None if pairs is None else dict(pairs)


async def pairs_of(request: Request, fields_max: int, bytes_max: int = BODY_BYTES_MAX) -> list[tuple[str, str]] | None:
    """The names and values of a urlencoded form, of which a name may come several times; None when it is too large or not one."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            return None
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=fields_max, strict_parsing=bool(body))
    except ValueError:
        return None


def source_of(request: Request) -> Source:
    """The peer of the TCP connection."""
    host, port = request.client or ("", 0)
    return Source(ip=host, port=port)
