"""Users of an export, made by its own providers in the way in which clients make them."""

import base64
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass, field

from . import guesses

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"
# Users who move in from the hosted service.
MOVED_EMAIL = "moved@example.com"
MOVED = "5f1a2b3c4d5e6f7a8b9c0d2f"
MOVED_BY_TOKEN = "5f1a2b3c4d5e6f7a8b9c0d3a"
# Signs custom tokens; every secret of the export that is named as such a key gets it.
KEY = "0123456789abcdefghijklmnopqrstuvwxyz_-ABCDEF"
# What has no JavaScript in it and stands for log-in by somebody else's server.
FOREIGN = ("oauth2-google", "oauth2-facebook", "oauth2-apple")
COMMENTS = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.S)
PARAMETER = re.compile(
    r"exports\s*=\s*(?:async\s*)?(?:function\s*\w*\s*)?\(?\s*(?:\{([^}]*)\}|(\w+))"
)


@dataclass
class Caller:
    provider: str
    user_id: str
    headers: dict  # that endpoints take, beside tokens
    token: str
    refresh_token: str


@dataclass
class Made:
    """The users, and why a provider made none: its type, the reason, and who is to blame."""

    callers: list = field(default_factory=list)
    missed: list = field(default_factory=list)


def make(trial, server, report):
    """A user of each provider that is enabled."""
    made = Made()
    for kind in trial.asked.providers:
        caller, reason = MAKERS.get(kind, of_another_server)(trial, server, report)
        if caller:
            made.callers.append(caller)
        else:
            made.missed.append((kind, reason))
    return made


def refresh(trial, server, callers):
    """New tokens, with the custom data that has been written since."""
    for caller in callers:
        headers = {"Authorization": f"Bearer {caller.refresh_token}"}
        status, text, _ = trial.send(server, "POST", "/api/client/v2.0/auth/session", b"", headers)
        if status == 201:
            caller.token = json.loads(text)["access_token"]


def session(trial, server, report, kind, body):
    path = f"/api/client/v2.0/app/{report['app']['id']}/auth/providers/{kind}/login"
    return call(trial, server, path, body)


def call(trial, server, path, body):
    """Status, the object in the answer, and the entry in the log."""
    headers = {"Content-Type": "application/json"}
    status, text, entry = trial.send(server, "POST", path, json.dumps(body).encode(), headers)
    try:
        answer = json.loads(text or "{}")
    except json.JSONDecodeError:
        answer = {}
    return status, answer if isinstance(answer, dict) else {}, entry


def begun(trial, server, report, kind, body, headers=None):
    """A caller whose session has begun, or the reason."""
    status, answer, entry = session(trial, server, report, kind, body)
    if status != 200:
        return None, told(answer, entry)
    tokens = (answer["access_token"], answer["refresh_token"])
    return Caller(kind, answer["user_id"], headers or {}, *tokens), None


def told(answer, entry):
    lines = [entry.get("error_code") or "", answer.get("error", ""), entry.get("detail") or ""]
    return ": ".join(dict.fromkeys(line.split("\n")[0] for line in lines if line))


def anonymous(trial, server, report):
    return begun(trial, server, report, "anon-user", {})


def by_password(trial, server, report):
    """Registered as clients do; where the app has the user wait, the operator confirms. Where it
    makes no user, one moves in from the hosted service and gets a new password."""
    path = f"/api/client/v2.0/app/{report['app']['id']}/auth/providers/local-userpass/register"
    status, answer, entry = call(trial, server, path, {"email": EMAIL, "password": PASSWORD})
    caller, reason = None, told(answer, entry)
    if status == 201:
        caller, reason = with_password(trial, server, report, EMAIL)
    if caller is None and "confirmation required" in reason:
        trial.command("users", "confirm", EMAIL, "--app", str(trial.app))
        time.sleep(trial.REVOCATION_S)
        caller, reason = with_password(trial, server, report, EMAIL)
    if caller is None:
        move_in(trial, server, report)
        caller, _ = with_password(trial, server, report, MOVED_EMAIL)
    return caller, reason


def with_password(trial, server, report, email):
    body = {"username": email, "password": PASSWORD}
    headers = {"email": email, "password": PASSWORD}
    return begun(trial, server, report, "local-userpass", body, headers)


def move_in(trial, server, report):
    """Imports the user, who sets a new password behind the link that the operator makes."""
    import_users(trial, [(MOVED, "local-userpass", f"{MOVED}-bench", {"email": MOVED_EMAIL})])
    done = trial.command("users", "reset-link", MOVED_EMAIL, "--json", "--app", str(trial.app))
    if done.returncode == 0:
        link = json.loads(done.stdout)
        body = {name: link[name] for name in ("token", "tokenId") if name in link}
        path = f"/api/client/v2.0/app/{report['app']['id']}/auth/providers/local-userpass/reset"
        call(trial, server, path, {**body, "password": PASSWORD})


def by_api_key(trial, server, report):
    done = trial.command("users", "create-api-key", "bench", "--app", str(trial.app))
    if done.returncode != 0:
        return None, done.stderr.strip()
    key = json.loads(done.stdout)["key"]
    return begun(trial, server, report, "api-key", {"key": key}, {"api-key": key})


def by_custom_token(trial, server, report):
    provider = trial.asked.providers["custom-token"]
    config = provider.get("config", {})
    if config.get("useJWKURI") or config.get("signingAlgorithm") != "HS256":
        return None, "its tokens are signed by another server"
    audience = config.get("audience") or report["app"]["id"]
    payload = {"aud": audience, "sub": "bench-user", "exp": int(time.time()) + 3600}
    for one in provider.get("metadata_fields") or []:
        put(payload, one["name"].split("."), guesses.value(one["name"].split(".")[-1]))
    token = signed(payload)
    log_in = ("custom-token", {"token": token}, {"jwtTokenString": token})
    caller, reason = begun(trial, server, report, *log_in)
    if caller is None:
        import_users(trial, [(MOVED_BY_TOKEN, "custom-token", payload["sub"], {})])
        caller, _ = begun(trial, server, report, *log_in)
    return caller, reason


def signed(payload):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = {"alg": "HS256", "typ": "JWT"}
    text = b".".join(part(json.dumps(one).encode()) for one in (head, payload))
    return (text + b"." + part(hmac.new(KEY.encode(), text, hashlib.sha256).digest())).decode()


def put(document, names, value):
    for name in names[:-1]:
        document = document.setdefault(name, {})
    document[names[-1]] = value


def by_function(trial, server, report):
    """With what the function reads of its argument."""
    config = trial.asked.providers["custom-function"].get("config", {})
    name = config.get("authFunctionName", "")
    files = (f"functions/{name}.js", f"functions/{name}/source.js")
    source = next((trial.sources[one] for one in files if one in trial.sources), "")
    source = COMMENTS.sub("", source)
    names = guesses.body_names(source)
    found = PARAMETER.search(source)
    if found and found[1] is not None:
        names += guesses.taken_apart(found[1])
    elif found:
        names += re.findall(rf"\b{found[2]}\s*(?:\?\.|\.)\s*(\w+)", source)
    body = {name: guesses.value(name) for name in names}
    return begun(trial, server, report, "custom-function", body)


def of_another_server(trial, server, report):
    return None, "its users log in at another server"


MAKERS = {
    "anon-user": anonymous,
    "local-userpass": by_password,
    "api-key": by_api_key,
    "custom-token": by_custom_token,
    "custom-function": by_function,
}


def keys_of_tokens(asked):
    """The secrets with which custom tokens are signed."""
    config = asked.providers.get("custom-token", {}).get("secret_config") or {}
    keys = config.get("signingKeys") or []
    return keys if isinstance(keys, list) else [keys]


def import_named(trial):
    """Users whom functions name by their ids."""
    ids = dict.fromkeys(trial.asked.user_ids)
    import_users(trial, [(id, "anon-user", f"{id}-bench", {}) for id in ids])


def import_users(trial, users):
    """Users who move in from the hosted service."""
    listed = [
        {"_id": id, "type": "normal", "creation_date": int(time.time()), "disabled": False,
         "data": data, "identities": [{"id": identity, "provider_type": kind}]}
        for id, kind, identity, data in users
    ]
    if listed:
        trial.command("users", "import", "-", "--app", str(trial.app), text=json.dumps(listed))
