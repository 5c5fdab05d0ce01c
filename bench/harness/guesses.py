"""Plausible requests and documents for functions that nobody here has written.

The names come from the sources, and the value of a name is the same wherever it stands, so that a
function which looks for what it is given finds the document that was put there before.
"""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

OBJECT_ID = "5f1a2b3c4d5e6f7a8b9c0d1e"
NAMES_MAX = 40
COLLECTIONS_MAX = 60
ORIGINS_MAX = 100

QUERY = re.compile(r"\bquery\s*(?:\?\.|\.)\s*(\w+)|\bquery\s*\[\s*['\"]([\w-]+)['\"]\s*\]")
QUERY_TAKEN_APART = re.compile(r"\{([^{}]*)\}\s*=\s*(?:\w+\.)*query\b")
PARSED = re.compile(
    r"(?:const|let|var)\s+(\w+)\s*=\s*(?:await\s+)?(?:EJSON|JSON)\s*\.\s*parse\s*\("
)
PARSED_TAKEN_APART = re.compile(r"\{([^{}]*)\}\s*=\s*(?:EJSON|JSON)\s*\.\s*parse\s*\(")
BODY_VARIABLES = ("body", "payload", "data", "input", "params", "reqBody", "requestBody")
DATABASE = re.compile(r"\.db\(\s*['\"`]([\w-]+)['\"`]\s*\)")
COLLECTION = re.compile(r"\.collection\(\s*['\"`]([\w.-]+)['\"`]\s*\)")
KEY = re.compile(r"(?:^|[{,(\s])['\"]?([a-zA-Z_]\w*)['\"]?\s*:")
ORIGIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?=[/'\"`?#\s]|$)")
NUMBERS = ("count", "limit", "page", "num", "price", "amount", "lat", "lng", "lon", "year", "age",
           "qty", "quantity", "skip", "size", "total", "score")
NOT_FIELDS = {"text", "toString", "length", "map", "forEach", "filter", "json", "push", "slice"}


@dataclass
class Request:
    method: str
    query: str = ""
    body: bytes = b""
    headers: dict = field(default_factory=dict)


def requests(method, source):
    """A request with what the source asks for, and one with nothing."""
    methods = ["POST", "GET"] if method == "*" else [method]
    made = []
    for method in methods:
        has_body = method in ("POST", "PUT", "PATCH")
        query = urlencode({name: text(name) for name in query_names(source)})
        document = {name: value(name) for name in body_names(source)}
        body = json.dumps(document).encode() if has_body else b""
        made.append(Request(method, query, body))
        made.append(Request(method, "", b"{}" if has_body else b""))
    return made


def query_names(source):
    names = [one or other for one, other in QUERY.findall(source)]
    for inner in QUERY_TAKEN_APART.findall(source):
        names += taken_apart(inner)
    return distinct(names)


def body_names(source):
    variables = set(BODY_VARIABLES) | set(PARSED.findall(source))
    names = []
    for variable in sorted(variables):
        names += re.findall(rf"\b{re.escape(variable)}\s*(?:\?\.|\.)\s*(\w+)", source)
        for inner in re.findall(rf"\{{([^{{}}]*)\}}\s*=\s*{re.escape(variable)}\b", source):
            names += taken_apart(inner)
    for inner in PARSED_TAKEN_APART.findall(source):
        names += taken_apart(inner)
    return distinct(names)


def taken_apart(inner):
    parts = (part.split("=")[0].split(":")[0].strip() for part in inner.split(","))
    return [part for part in parts if re.fullmatch(r"\w+", part)]


def distinct(names):
    return list(dict.fromkeys(name for name in names if name not in NOT_FIELDS))[:NAMES_MAX]


def value(name):
    """What a field of this name may hold."""
    lower = name.lower()
    if lower in ("_id", "id") or name.endswith(("Id", "ID", "_id")):
        return OBJECT_ID
    if "mail" in lower:
        return "ada@example.com"
    if any(part in lower for part in ("date", "time", "start", "end", "since", "until")):
        return "2024-05-06T07:08:09.000Z"
    if lower.startswith(("is", "has")) and name[2:3].isupper():
        return True
    if any(part in lower for part in NUMBERS):
        return 2
    if "url" in lower or "link" in lower:
        return "https://example.com/a"
    if lower.endswith(("list", "ids", "items", "tags")):
        return ["a", "b"]
    return "text"


def text(name):
    """The same in a query."""
    found = value(name)
    return found if isinstance(found, str) else json.dumps(found)


def documents(sources):
    """Names of collections, each with a document that has every field which the sources name."""
    collections = {}
    for source in sources:
        databases = distinct(DATABASE.findall(source))
        names = distinct(COLLECTION.findall(source))
        fields = distinct(query_names(source) + body_names(source) + KEY.findall(source))
        for database in databases:
            for name in names:
                found = collections.setdefault(f"{database}.{name}", {})
                found.update({key: value(key) for key in fields if not key.startswith("$")})
    for document in collections.values():
        document["_id"] = {"$oid": OBJECT_ID}
    return dict(list(collections.items())[:COLLECTIONS_MAX])


def origins(sources):
    """Where the sources call, as far as it is written down."""
    found = {origin for source in sources for origin in ORIGIN.findall(source)}
    return sorted(found)[:ORIGINS_MAX]
