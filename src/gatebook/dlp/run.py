"""One scan of one payload: its budgets, and the way from bytes to hits."""

from collections.abc import Callable, Iterable
from functools import lru_cache

from msgspec import Struct

from gatebook.dlp.around import TRACE, Purse
from gatebook.dlp.document import MAY_EMBED, Document, Token, check
from gatebook.dlp.fold import Folded, folds, plain
from gatebook.dlp.hit import Exhausted, Hit, Limits, Place
from gatebook.dlp.matcher import Find, Matcher, find_all
from gatebook.dlp.opaque import BLOB_SIGN, SIGNS, Budget, reveal, without_blobs
from gatebook.dlp.pointers import pointers
from gatebook.dlp.prefilter import Prefilter, TooManyPlaces

_APART = 4
_TOGETHER = 64
_NAME_MAX = 256
_PLACES_MAX = 200_000
_CANDIDATES_MAX = 100_000
_COSTLY_MAX = 64
_EMBEDDED_DEPTH_MAX = 8
_SPECIFIC = "secret/"
UNICODE_SIGN = "~unicode"
_LOOSE = ("secret/generic_secret", "secret/aws_secret_key")


class Engine(Struct, frozen=True, kw_only=True):
    """What all scans share. `first` answers whether, `locate` where; `signs` are probes for codings; `context`: detectors that need a word near."""

    matchers: dict[str, Matcher]
    context: frozenset[str]
    first: Prefilter
    locate: Prefilter
    signs: frozenset[str]


class Run:
    """Scans one payload. Raises Exhausted when a limit is reached."""

    def __init__(self, engine: Engine, limits: Limits, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.time_budget_ms / 1000
        self._purse = Purse(_CANDIDATES_MAX, _COSTLY_MAX, self._in_time)
        self._budget = Budget(limits.decode_bytes_max)
        self._count = 0

    def scan(self, payload: bytes) -> tuple[Hit, ...]:
        """Return the hits in the order in which they stand."""
        check(payload)
        alive = self._engine.first.alive(payload)
        if BLOB_SIGN in alive:
            payload = without_blobs(payload)
            alive = self._engine.first.alive(payload) - {BLOB_SIGN}
        self._in_time()
        if not alive:
            return ()
        document = Document(payload)
        finds = self._document(document, alive, "", 0)
        if not finds:
            return ()
        hidden = {token.at: f"[redacted:{some[0].detector.rpartition('/')[2]}]" for token, some in finds if token.is_key}
        paths = pointers(document, [token for token, _ in finds], self._limits.depth_max, hidden)
        return tuple(self._hit(document, token, find, paths[token.at]) for token, some in finds for find in some)

    def _hit(self, document: Document, token: Token, find: Find, path: tuple[str, str]) -> Hit:
        place = Place(at=token.at, start=find.start, end=find.end)
        return Hit(
            detector=find.detector,
            pointer=path[0],
            safe_pointer=path[1],
            in_key=token.is_key,
            value=find.value,
            layers=find.layers,
            places=(place, *find.inner),
        )

    def _document(self, document: Document, alive: set[str], outer: str, depth: int) -> list[tuple[Token, list[Find]]]:
        """Return the finds of each token, in order. `outer`: the names that an embedded document stands under."""
        signs = alive & self._engine.signs
        coded = self._coded_tokens(document, signs) if signs else {}
        # Texts that may hold more than meets the eye go through all detectors one by one; the many that do not, through one detector together.
        apart = {at: (token, self._alive(token.text) | self._alive(plain(token.text))) for at, token in coded.items()}
        alive = alive.union(*(names for _, names in apart.values()))
        finds: dict[Token, list[Find]] = {}
        for name in sorted(alive - self._engine.signs):
            tokens = self._tokens(document, {name})
            for at in tokens.keys() & apart.keys() if apart else ():
                apart[at][1].add(name)
                del tokens[at]
            together = [token for token in tokens.values() if token.is_simple]
            if len(together) < len(tokens):
                apart.update((at, (token, {name})) for at, token in tokens.items() if not token.is_simple)
            self._together(document, name, together, outer, finds)
        outcome = [(token, self._settled(found)) for token, found in finds.items()]
        context = alive & self._engine.context
        for at in sorted(apart):
            token, names = apart[at]
            self._in_time()
            found = self._token(document, token, names | context if at in coded else names, (outer, depth, at in coded))
            if found:
                outcome.append((token, found))
        outcome.sort(key=_place)
        return outcome

    def _together(self, document: Document, name: str, tokens: list[Token], outer: str, finds: dict[Token, list[Find]]) -> None:
        """Add what one detector finds in simple tokens to `finds`."""
        for first in range(0, len(tokens), _TOGETHER):
            self._in_time()
            some = tokens[first : first + _TOGETHER]
            for token in some:
                if token.key is None:
                    token.key = "" if token.is_key else words_of_key(outer, document.names(token))
            self._engine.matchers[name].find_in(some, self._purse, finds)

    def _coded_tokens(self, document: Document, signs: set[str]) -> dict[int, Token]:
        """Return the tokens that hold something coded, by offset. What only looks like base64 or hex, as many words do, is passed over here."""
        tokens = self._tokens(document, signs - SIGNS.keys() - {UNICODE_SIGN})
        if UNICODE_SIGN in signs:
            # Nearly every letter of some scripts is a place: each string is asked once instead.
            for number in document.beyond_ascii():
                token = document.token(document.starts[number])
                if token is not None and self._engine.locate.holds(UNICODE_SIGN, document.payload[token.at : token.end]):
                    tokens[token.at] = token
                    self._in_time()
        for sign in signs & SIGNS.keys():
            for hidden in reveal(document.payload, sign, self._ends(sign, document.payload), Budget(self._limits.decode_bytes_max)):
                token = document.token(hidden.start)
                if token is not None:
                    tokens[token.at] = token
        return tokens

    def _tokens(self, document: Document, names: Iterable[str]) -> dict[int, Token]:
        """Return the tokens that probes point at, by offset."""
        tokens: dict[int, Token] = {}
        for name in names:
            found = document.tokens(self._ends(name, document.payload))
            tokens.update(found)
            if name in self._engine.matchers and self._engine.matchers[name].keyed:
                members = (document.member(token) for token in found.values() if token.is_key)
                tokens.update((member.at, member) for member in members if member is not None)
        return tokens

    def _token(self, document: Document, token: Token, names: set[str], how: tuple[str, int, bool]) -> list[Find]:
        outer, depth, coded = how
        text = token.text
        key = "" if token.is_key else words_of_key(outer, document.names(token))
        finds = self._match(names - self._engine.signs, text, key)
        if coded:
            finds += self._coded(text, key, names, 1, finds)
        embedded = self._embedded(text, key, depth, names & self._engine.context) if token.is_string and MAY_EMBED.match(text) else None
        return self._settled(finds if embedded is None else embedded)

    def _settled(self, finds: list[Find]) -> list[Find]:
        finds = _distinct(finds) if len(finds) > 1 else finds
        self._count += len(finds)
        if self._count > self._limits.hits_max:
            raise Exhausted("too_many")
        return finds

    def _match(self, names: Iterable[str], text: str, key: str) -> list[Find]:
        matchers = [self._engine.matchers[name] for name in names]
        try:
            return find_all(matchers, self._engine.locate, text, key, self._purse) if matchers else []
        except TooManyPlaces:
            raise Exhausted("too_many") from None

    def _embedded(self, text: str, key: str, depth: int, context: set[str]) -> list[Find] | None:
        """Return the finds inside of the JSON document that a text is; None when it is none."""
        body = text.strip()
        if depth >= _EMBEDDED_DEPTH_MAX or body[:1] not in ("{", "[", '"'):
            return None
        raw = body.encode(errors="surrogatepass")
        try:
            check(raw)
        except Exhausted:
            return None
        document = Document(raw)
        place = text.find(body[:1])
        finds = self._document(document, (self._engine.first.alive(raw) - {BLOB_SIGN}) | context, key, depth + 1)
        return [
            Find(
                find.detector,
                place,
                place + len(body),
                find.value,
                ("json", *find.layers),
                (Place(at=token.at, start=find.start, end=find.end), *find.inner),
            )
            for token, some in finds
            for find in some
        ]

    def _coded(self, text: str, key: str, names: set[str], depth: int, known: list[Find]) -> list[Find]:
        """Return the finds behind the codings of a text, to the depth that is allowed. `known`: the finds in the text as it stands."""
        self._in_time()
        context = names & self._engine.context
        finds: list[Find] = []
        for folded in folds(text):
            finds += self._folded(folded, self._text(folded.text, key, context, depth + 1), known)
        data = text.encode(errors="surrogatepass")
        for sign in sorted(names & SIGNS.keys()):
            for hidden in reveal(data, sign, self._ends(sign, data), self._budget):
                start, end = (
                    (hidden.start, hidden.end)
                    if len(data) == len(text)
                    else (_characters(data[: hidden.start]), _characters(data[: hidden.end]))
                )
                for find in self._text(hidden.text, key, context, depth + 1):
                    finds.append(Find(find.detector, start, end, find.value, hidden.layers + find.layers))
        return finds

    def _folded(self, folded: Folded, found: list[Find], known: list[Find]) -> list[Find]:
        """Return what was found in a folded text only, where it stands in the text itself. The value may be plain, and the coding in the words beside it."""
        as_before = {(find.detector, find.start, find.end) for find in known}
        finds = []
        for find in found:
            start, end, kinds = folded.original(find.start, find.end)
            if find.layers or (find.detector, start, end) not in as_before:
                finds.append(Find(find.detector, start, end, find.value, kinds + find.layers))
        return finds

    def _text(self, text: str, key: str, context: set[str], depth: int) -> list[Find]:
        """Return the finds in a text that was decoded."""
        alive = self._alive(text)
        names = (alive | context) - self._engine.signs
        finds = self._match(names, text, key)
        if depth <= self._limits.decode_depth_max and alive & self._engine.signs:
            finds += self._coded(text, key, alive | context, depth, finds)
        return finds

    def _ends(self, name: str, data: bytes) -> list[int]:
        self._in_time()
        try:
            return self._engine.locate.ends(name, data, _APART, _PLACES_MAX, self._is_late)
        except TooManyPlaces:
            self._in_time()
            raise Exhausted("too_many") from None

    def _alive(self, text: str) -> set[str]:
        return self._engine.first.alive(text.encode(errors="surrogatepass")) - {BLOB_SIGN}

    def _is_late(self) -> bool:
        return self._clock() > self._deadline

    def _in_time(self) -> None:
        if self._is_late():
            raise Exhausted("budget")


def _place(found: tuple[Token, list[Find]]) -> int:
    return found[0].at


def words_of_key(outer: str, names: str) -> str:
    """Return the names that a value stands under, as context words are looked for in them."""
    return _short_key(outer, names) if len(outer) + len(names) <= _NAME_MAX else _short_key.__wrapped__(outer, names)


@lru_cache(maxsize=8192)
def _short_key(outer: str, names: str) -> str:
    return TRACE.sub("", plain(f"{outer} {names}".strip()))


def _characters(data: bytes) -> int:
    return len(data.decode(errors="surrogatepass"))


def _distinct(finds: list[Find]) -> list[Find]:
    """Return the finds without those that lie within a longer one of their detector, or that only say again that a known secret is a secret."""
    if len(finds) < 2:
        return finds
    kept: list[Find] = []
    reach: dict[tuple[str, tuple[Place, ...]], int] = {}
    for find in sorted(finds, key=lambda find: (find.start, -find.end)):
        kind = (find.detector, find.inner)
        if find.inner and any(one.detector == find.detector and one.inner == find.inner for one in kept):
            continue
        if not find.inner and find.end <= reach.get(kind, -1):
            continue
        reach[kind] = max(reach.get(kind, -1), find.end)
        kept.append(find)
    exact = [find for find in kept if find.detector.startswith(_SPECIFIC) and find.detector not in _LOOSE]
    if not exact:
        return kept
    return [find for find in kept if find.detector not in _LOOSE or not any(_overlap(find, one) for one in exact)]


def _overlap(one: Find, other: Find) -> bool:
    if one.inner or other.inner:
        return one.inner == other.inner
    return one.start < other.end and other.start < one.end
