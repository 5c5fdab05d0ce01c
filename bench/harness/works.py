"""The works: requests, and the answers that every server has to give to them.

A request is the same on every server, byte for byte, and so is its answer, but for headers and
for the text of an error.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from typing import Optional

from . import documents

SECRET = "a secret of the benchmark"
BASE = "/app/bench-abcde/endpoint"

# What a work needs of a server.
WEB, DOCUMENTS, USERS = "web", "documents", "users"


@dataclass(frozen=True)
class Request:
    """A request under load, and what answers it.

    Where its route has `{number}`, load runs through numbers below `numbers`; the answer is that
    to the number `checked`. `{token}` in a header stands for the token of a user.
    """

    route: str
    status: int
    answer: Optional[bytes]  # None: an error in JSON, whose text each server chooses
    media_type: str = "application/json"
    method: str = "GET"
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    numbers: int = 0
    checked: int = 0

    @property
    def path(self):
        return (BASE + self.route).format(number=self.checked)

    @property
    def pattern(self):
        return BASE + self.route

    def by(self, token):
        """The same by the user of a token."""
        headers = {name: value.replace("{token}", token) for name, value in self.headers.items()}
        return replace(self, headers=headers)

    def fault(self, status, media_type, body):
        """What is wrong with an answer, or None."""
        if status != self.status:
            return f"status {status} and not {self.status}"
        if media_type.split(";")[0].strip() != self.media_type:
            return f"content type {media_type}"
        if self.answer is None:
            return None if json.loads(body).get("error") else "no error in the body"
        return None if body == self.answer else f"the body is {body[:80]!r}"


@dataclass(frozen=True)
class Work:
    letter: str
    name: str
    title: str
    request: Optional[Request] = None  # None: a work with a measurement of its own
    kind: str = WEB


def items_of(number):
    return [
        {
            "sku": f"A-{index:04}",
            "name": "Tea, boxed",
            "price": 350 + 7 * index % 1000,
            "quantity": 1 + index % 5,
        }
        for index in range(number)
    ]


def body_of(size, items):
    """An order of exactly so many bytes."""
    order = {"order": "2025-000123", "currency": "EUR", "note": "", "items": items}
    missing = size - len(json.dumps(order, separators=(",", ":")))
    if missing < 0:
        raise ValueError(f"the items alone are larger than {size} bytes")
    order["note"] = "x" * missing
    return json.dumps(order, separators=(",", ":")).encode()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def signed(body, secret=SECRET):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Endpoint-Signature": f"sha256={digest}"}


# So many of them are asked for: SecantusDB takes long for each that it is asked for first.
OWNED = 20


def order_request(secret, status, answer):
    body = body_of(1400, items_of(20))
    return Request("/order", status, answer, method="POST", body=body,
                   headers=signed(body, secret))


def make_works():
    order = json.loads(order_request(SECRET, 0, None).body)["items"]
    total = sum(item["price"] * item["quantity"] for item in order)
    summed = compact({"total": total, "count": len(order)})
    batch = body_of(100_000, items_of(1500))
    counted = compact({"count": 1500})
    return [
        Work("a", "verified", "Verified webhook of 1.4 kB",
             order_request(SECRET, 201, summed)),
        Work("b", "forged", "The same with a forged signature",
             order_request("another secret", 401, None)),
        Work("c", "hello", "Hello", HELLO),
        Work("d", "large", "Verified webhook of 100 kB",
             Request("/batch", 200, counted, method="POST", body=batch, headers=signed(batch))),
        Work("e", "timers", "Three timers of 1 ms, one after the other",
             Request("/timers", 200, compact({"waited": 3}))),
        Work("f", "start", "Time from process start to first answer"),
        Work("g", "memory", "Memory"),
        Work("h", "spin", "Hello while other functions spin without end"),
        *document_works(),
        Work("n", "owned", "One of 10,000 documents by its _id, as a user with a token",
             Request("/owned?id={number}", 200, compact(documents.product(CHECKED)),
                     headers={"Authorization": "Bearer {token}"},
                     numbers=OWNED, checked=CHECKED),
             kind=USERS),
    ]


def document_works():
    """Each over the documents of `documents.py`, of which only one collection changes."""
    found = documents.product(CHECKED)
    bought = compact([one for one in documents.products() if one["customer"] == CUSTOMER])
    order = compact(documents.order())
    changed = compact({"matched": 1, "modified": 1})
    requests = [
        ("i", "find-one", "One of 10,000 documents by its _id",
         Request("/find-one?id={number}", 200, compact(found),
                 numbers=documents.COUNT, checked=CHECKED)),
        ("j", "find-many", "100 of 10,000 documents by a filter without an index",
         Request(f"/find-many?customer={CUSTOMER}", 200, bought)),
        ("k", "insert", "One document inserted",
         Request("/insert", 201, compact({"inserted": 1}), method="POST", body=order,
                 headers={"Content-Type": "application/json"})),
        ("l", "update", "One of 10,000 documents updated by its _id",
         Request("/update?id={number}", 200, changed, method="POST",
                 numbers=documents.COUNT, checked=CHECKED)),
        ("m", "group", "10,000 documents grouped into 20",
         Request("/group", 200, compact(documents.grouped()))),
    ]
    return [Work(*parts, kind=DOCUMENTS) for parts in requests]


CHECKED = 4321
CUSTOMER = 42
HELLO = Request("/hello", 200, b"Hello", media_type="text/plain")
SLOW = Request("/slow", 200, compact({"waited": 1}))
SPIN = Request("/spin", 200, None)
WORKS = make_works()


def choose(text):
    """The works of a list such as `a,b,spin`; `web`, `documents` and `users` stand for all of a
    kind."""
    chosen = []
    for word in text.split(","):
        word = word.strip()
        found = [work for work in WORKS if word in (work.letter, work.name, work.kind)]
        if not found:
            known = ", ".join(f"{work.letter} ({work.name})" for work in WORKS)
            raise ValueError(f"there is no work {word!r}; there are {known}")
        chosen += found
    return chosen
