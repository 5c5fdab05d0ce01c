"""A server with the documents that the works with documents need, and nothing else."""

import base64
import hashlib
import hmac
import json
import shutil
import time
from contextlib import ExitStack, contextmanager

from . import client, documents, process
from .database import Database
from .fault import Fault
from .servers import OURS
from .works import BASE, OWNED, SECRET, compact

BATCH = 1000
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
PEERS_USER = "5f1a2b3c4d5e6f7a8b9c0d1e"
AUTH = "/api/client/v2.0/app/bench-abcde/auth/providers/local-userpass"


@contextmanager
def running(server):
    """The server anew: on an empty database, or with an empty folder of its own."""
    with started(server) as running:
        fill(running, "/seed", documents.products())
        yield running


@contextmanager
def running_for_users(server):
    """The same for a user, whose documents these are, and who has a token."""
    with started(server.for_users()) as running:
        if server.name in OURS or server.data:
            user = register(running)
        else:
            user, running.token = PEERS_USER, token_of(PEERS_USER)
        owned = [{**one, "owner": user} for one in documents.products()]
        fill(running, "/seed?collection=owned", owned)
        ask_for_each(running)
        yield running


def ask_for_each(running):
    """Asks for each document once, so that what stands before the database knows the answers."""
    headers = {"Authorization": f"Bearer {running.token}"}
    for number in range(OWNED):
        client.exchange(running.port, "GET", f"{BASE}/owned?id={number}", None, headers)


@contextmanager
def started(server):
    with ExitStack() as stack:
        database = None
        if server.uri_variable:
            database = stack.enter_context(Database(server.name))
        else:
            stack.enter_context(emptied(server.data))
        # What belongs to users lies there, even if the documents do not.
        if server.uri_variable and server.data:
            stack.enter_context(emptied(server.data))
        yield stack.enter_context(process.running(server, database=database))


@contextmanager
def emptied(folder):
    """Neither what was there before comes into the way, nor this into that of others."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(running, path, every):
    """Through the server itself, so that each stores what it would store."""
    for start in range(0, len(every), BATCH):
        part = every[start:start + BATCH]
        asked(running, BASE + path, part, 200, compact({"inserted": len(part)}))


def register(running):
    """The id of a user of Hookstead, with a token."""
    asked(running, f"{AUTH}/register", {"email": EMAIL, "password": PASSWORD}, 201)
    session = json.loads(asked(running, f"{AUTH}/login",
                               {"username": EMAIL, "password": PASSWORD}, 200))
    running.token = session["access_token"]
    return session["user_id"]


def asked(running, path, body, status, answer=None):
    """The body of the answer."""
    headers = {"Content-Type": "application/json"}
    found, _, text = client.exchange(running.port, "POST", path, compact(body), headers)
    if found != status or answer not in (None, text):
        raise Fault(f"{running.server.name}: {path}: {found} {text[:200]!r}")
    return text


def token_of(user):
    """What a peer takes, as `jsonwebtoken` signs it."""
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    now = int(time.time())
    payload = {"sub": user, "iat": now, "exp": now + 24 * 3600}
    text = b".".join(part(compact(one)) for one in ({"alg": "HS256", "typ": "JWT"}, payload))
    return (text + b"." + part(hmac.new(SECRET.encode(), text, hashlib.sha256).digest())).decode()
