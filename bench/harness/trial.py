"""One export on one store: served, called, and compared with what `check` says of it."""

import http.client
import json
import re
import shlex
import subprocess
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from . import asked, callers, guesses
from .failures import CAUGHT, Failure, is_in, kind_of
from .stage import Database, Server

FOLDERS_SKIPPED = {"node_modules", ".git", ".hookstead"}
SOURCE_BYTES_MAX = 1 << 20
COMMAND_S_MAX = 60
LINE_CHARACTERS = 300
WAITING = ("application", "user", "script")
# The user whose documents nobody else may see, and one of them.
OTHER_USER = "0badc0de0badc0de0badc0de"
OTHER_DOCUMENT = "0badd0c00badd0c00badd0c0"
OWN_DOCUMENT = "600dd0c0600dd0c0600dd0c0"
MARK = "a-document-of-somebody-else"


class Trial:
    """One export on one store."""

    REVOCATION_S = 1.5

    def __init__(self, binary, app, store, stub, arguments):
        self.binary, self.app, self.store, self.stub = binary, app, store, stub
        self.seconds, self.uri = arguments.seconds, arguments.mongodb
        self.with_users = not arguments.as_system
        self.name = app.name if app.name not in ("", ".") else app.resolve().name
        self.calls = 0
        self.routes = 0
        self.users = Counter()  # what came of calls of endpoints that wait for users
        self.sources = {}
        self.secrets = {}
        self.asked = asked.Asked()

    def run(self):
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="exports-")))
            self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
            if self.store == "mongodb":
                uri = self.uri or stack.enter_context(Database(self.folder)).uri
                self.environment["HOOKSTEAD_MONGODB_URI"] = uri
            for path in self.app.rglob("*.js"):
                if not FOLDERS_SKIPPED & set(path.parts) and path.is_file():
                    text = path.read_bytes()[:SOURCE_BYTES_MAX].decode(errors="replace")
                    self.sources[path.relative_to(self.app).as_posix()] = text
            self.asked = asked.read(self.app)
            self.write_settings()
            report = self.check()
            if report is None:
                return [self.failure("", "check does not read the export", "unnamed")]
            self.set_secrets(report)
            report = self.check()
            self.put_documents(guesses.documents(self.sources.values()))
            if self.with_users:
                callers.import_named(self)
            with Server(self) as server:
                return self.call_all(report, server)

    def write_settings(self):
        origins = guesses.origins(self.sources.values())
        authentication = "required" if self.with_users else "system"
        for redirects in (origins, []):
            lines = [
                '[auth]', f'application_authentication = "{authentication}"', '[outbound]',
                'listed_only = true', '[limits]', f'run_time_s = {self.seconds}',
                f'run_cpu_s = {self.seconds}', '[log]', 'refusals_per_second_max = 1000000',
                '[outbound.redirect]',
                *(f'"{origin}" = "{self.stub.origin}"' for origin in redirects),
            ]
            (self.folder / "settings.toml").write_text("\n".join(lines) + "\n")
            if self.command("check", "--json", str(self.app)).returncode != 2:
                return

    def command(self, *words, text=None):
        places = ["--config", str(self.folder / "settings.toml"),
                  "--data-dir", str(self.folder / "data")]
        return subprocess.run(
            [str(self.binary), *words, *places], env=self.environment, cwd=self.folder,
            input=text, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False,
        )

    def check(self):
        done = self.command("check", "--json", str(self.app))
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return None

    def set_secrets(self, report):
        """Values that the calls can be made with."""
        names = set(secrets_of(report)) | set(self.asked.secrets)
        self.secrets = {name: f"{name}-{'s' * 40}" for name in sorted(names)}
        keys = callers.keys_of_tokens(self.asked) if self.with_users else []
        self.secrets.update({name: callers.KEY for name in keys})
        for name, value in self.secrets.items():
            self.command("secrets", "set", name, "--app", str(self.app), text=value)

    def put_documents(self, documents):
        for name, document in documents.items():
            self.command("data", "import", name, "--app", str(self.app), text=json.dumps(document))

    def call_all(self, report, server):
        failures = []
        made = callers.Made()
        if self.with_users and any(route["runs_as"] in WAITING for route in report["routes"]):
            made = callers.make(self, server, report)
            self.put_owned(made.callers)
            callers.refresh(self, server, made.callers)
            failures += self.missed(made, report)
        # What writes comes first, so that what reads finds something.
        routes = sorted(report["routes"], key=lambda route: route["method"] in ("GET", "HEAD"))
        self.routes = len(routes)
        for route in routes:
            source = self.sources.get(route["file"] or "", "")
            requests = guesses.requests(route["method"], source)
            if self.with_users and route["runs_as"] in WAITING:
                self.users["endpoints"] += 1
                failures += self.call_as_users(route, requests, made.callers, report, server)
                continue
            for request in requests:
                failures += self.judged(route, request, {}, report, server)
        return list(dict.fromkeys(failures))

    def missed(self, made, report):
        """Providers with which nobody could log in."""
        for kind, reason in made.missed:
            told = " ".join(f"{one['message']} {one['remedy']}" for one in report["problems"])
            message = reason.split(": ")[-1].strip()
            if kind in told or kind in str([part["name"] for part in report["parts"]]):
                what = "named"
            elif "TypeError" in reason:
                # The app's own function met a user or credentials that it did not expect.
                what = "data"
            else:
                in_source = any(is_in(message, source) for source in self.sources.values())
                what = "app" if in_source else "unnamed"
            yield self.failure(f"log-in by {kind}", reason, what)

    def put_owned(self, made):
        """Documents of the callers, and such as belong to somebody else."""
        setting = self.asked.custom_data
        if setting.get("enabled"):
            name = f"{setting.get('database_name')}.{setting.get('collection_name')}"
            for caller in made:
                document = {setting.get("user_id_field", "_id"): caller.user_id}
                for path, value in self.asked.custom_fields.items():
                    callers.put(document, path.split("."), value)
                self.put_documents({name: document})
        every = guesses.documents(self.sources.values())
        for name, fields in self.asked.owners.items():
            ids = [(OTHER_USER, OTHER_DOCUMENT)]
            ids += [(one.user_id, f"{index:08x}{OWN_DOCUMENT[8:]}")
                    for index, one in enumerate(made)]
            for user_id, id in ids:
                owned = {field: {"$oid": user_id} if kind == "oid" else user_id
                         for field, kind in fields.items()}
                document = {**every.get(name, {}), **owned, "_id": {"$oid": id}}
                if user_id == OTHER_USER:
                    document["mark"] = MARK
                self.put_documents({name: document})

    def call_as_users(self, route, requests, made, report, server):
        """As nobody, and as each user whom the app can have."""
        first = requests[0]
        yield from self.as_nobody(route, first, report, server)
        if route["verdict"] == "refused":
            return
        if route["runs_as"] != "application":
            for request in requests:
                yield from self.as_user(route, self.for_script(route, request), {}, None,
                                        report, server)
            return
        for index, caller in enumerate(made):
            bearer = {"Authorization": f"Bearer {caller.token}"}
            yield from self.as_user(route, first, bearer, caller, report, server)
            # The operator's keys and the users' passwords also stand in headers.
            if caller.headers:
                yield from self.as_user(route, first, caller.headers, caller, report, server)
            for request in requests[1:] if index == 0 else []:
                yield from self.as_user(route, request, bearer, caller, report, server)

    def as_nobody(self, route, request, report, server):
        """Without credentials nobody gets in, but where the export names the user by itself."""
        script = self.script_of(route)
        if route["runs_as"] == "user" or script and not asked.compares(script):
            return
        status, _, entry = self.send_to(route, request, {}, server)
        where = f"{request.method} {route['path']} without credentials"
        code = entry.get("error_code")
        if route["verdict"] == "refused":
            is_refused = status >= 400
            self.users["refused, as check says"] += is_refused
        else:
            is_refused = status in (400, 401) and code in (
                "InvalidParameter", "MissingParameter", "InvalidSession")
            self.users["without credentials, refused"] += is_refused
        if not is_refused:
            yield self.failure(where, f"{status} {code or ''}".strip(), "let in")

    def as_user(self, route, request, headers, caller, report, server):
        """As a user: the answer is that of the function, or the rules refuse."""
        self.users["as a user"] += 1
        status, body, entry = self.send_to(route, request, headers, server)
        by = caller.provider if caller else route["runs_as"]
        where = f"{request.method} {route['path']} by {by}"
        if MARK in body or OTHER_DOCUMENT in body:
            yield self.failure(where, "the answer holds a document of another user", "let in")
        if caller and "error_code" not in entry and entry.get("user_id") != caller.user_id:
            yield self.failure(where, f"it ran as {entry.get('user_id')}", "let in")
        if any(one[8:] in body for one in (OWN_DOCUMENT,)):
            self.users["with the caller's own document"] += 1
        if entry.get("error_code") == "NoMatchingRuleFound" and status == 403:
            known = route["function"] in self.asked.conditional
            self.users["refused by a condition"] += known
            yield self.failure(where, told(entry), "rules" if known else "unnamed")
            return
        reasons = reasons_of(status, body, entry)
        if not reasons:
            self.users["answered"] += 1
        for reason in reasons:
            kind = kind_of(reason, route, report, self)
            self.users[f"failed: {kind}"] += 1
            yield self.failure(where, reason, kind)

    def for_script(self, route, request):
        """The request with what the script of the function compares with a value."""
        query = asked.query_of_script(self.script_of(route), self.values())
        if not query:
            return request
        more = "&".join(part for part in (request.query, urlencode(query)) if part)
        return guesses.Request(request.method, more, request.body, request.headers)

    def script_of(self, route):
        return self.asked.scripts.get(route["function"].rsplit("/", 1)[-1], "") \
            if route["kind"] == "webhook" else self.asked.scripts.get(route["function"], "")

    def values(self):
        """The values of the export, secrets put in."""
        found = {}
        for path in self.app.glob("values/*.json"):
            entry = asked.read_json(path)
            value = entry.get("value")
            name = value if isinstance(value, str) and entry.get("from_secret") else None
            found[entry.get("name")] = self.secrets.get(name, value)
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def judged(self, route, request, headers, report, server):
        """A call of an endpoint that asks for nobody, and why it failed."""
        where = f"{request.method} {route['path']}"
        conditional = route["function"] in self.asked.conditional and self.with_users
        if conditional:
            status, _, entry = self.send_to(route, request, {}, server)
            refused = status == 403 and entry.get("error_code") == "NoMatchingRuleFound"
            self.users["refused by a condition"] += refused
            referrer = self.asked.referrers.get(route["function"])
            headers = {**headers, "Referer": referrer} if isinstance(referrer, str) else headers
            if not refused and referrer:
                yield self.failure(f"{where} without a referrer", f"{status}", "let in")
        status, body, entry = self.send_to(route, request, headers, server)
        if conditional and "error_code" not in entry:
            self.users["let in by a condition"] += 1
        for reason in reasons_of(status, body, entry):
            yield self.failure(where, reason, kind_of(reason, route, report, self))

    def send_to(self, route, request, headers, server):
        """A request to a route, signed where need be."""
        path = route["path"] + (f"?{request.query}" if request.query else "")
        headers = {**headers, **({"Content-Type": "application/json"} if request.body else {})}
        if route["protection"] in ("secret", "signature", "github-signature"):
            signed = self.sign(request, server.base + path)
            if signed:
                path = signed[0].removeprefix(server.base)
                headers.update(signed[1])
        self.calls += 1
        return self.send(server, request.method, path, request.body, headers)

    def send(self, server, method, path, body, headers):
        """Status, body and the entry in the log; the status is 0 without an answer."""
        host = urlsplit(server.base)
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=self.seconds + 5)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error), {}
        finally:
            connection.close()
        return response.status, text, server.entry(response.getheader("x-request-id"))

    def sign(self, request, url):
        """The URL and the headers with which the protection lets a request in."""
        done = self.command("sign", "--app", str(self.app), "--method", request.method,
                            "--data", request.body.decode(), "--curl", url)
        if done.returncode != 0:
            return None
        words = shlex.split(done.stdout)
        headers = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
        return words[-1], dict(header.split(": ", 1) for header in headers)

    def failure(self, route, reason, kind):
        return Failure(str(self.app), self.store, route, reason, kind)


def told(entry):
    detail = entry.get("detail") or ""
    lines = [entry["error_code"], entry.get("error", ""), detail.split("\n")[0]]
    return ": ".join(dict.fromkeys(line for line in lines if line))[:LINE_CHARACTERS]


def reasons_of(status, body, entry):
    """Why a call failed, or what its function caught."""
    if status == 0:
        return [f"no response: {body}"]
    if entry.get("error_code"):
        return [told(entry)]
    logged = [one["text"] for one in entry.get("messages", []) if one["level"] == "error"]
    caught = (CAUGHT.search(text) for text in [*logged, body[:4000]])
    return [f"caught: {found[0].strip()}"[:LINE_CHARACTERS] for found in caught if found][:1]


def secrets_of(report):
    missing = (one for route in report["routes"] for one in route["missing"])
    named = {one["name"] for one in missing if one["kind"] == "secret"}
    return sorted(named | {route["secret"] for route in report["routes"] if route["secret"]})
