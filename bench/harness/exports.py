"""bench/exports: is everything that fails in an export named by `hookstead check`?

Each endpoint and webhook is called with plausible requests. Nothing leaves this machine: functions
may call a stub on 127.0.0.1 and nothing else, and so may the program.
"""

import argparse
import http.client
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from . import guesses, tools
from .database import listens
from .fault import Fault
from .process import free_port

ROOT_FILES = ("root_config.json", "realm_config.json", "stitch.json", ".mdb/meta.json",
              ".mdb/app_meta.json")
FOLDERS_DEEP_MAX = 4
FOLDERS_SKIPPED = {"node_modules", ".git", ".hookstead"}
SOURCE_BYTES_MAX = 1 << 20
COMMAND_S_MAX = 60
START_S_MAX = 60
LOG_S_MAX = 2
STOP_S_MAX = 5
LINE_CHARACTERS = 300
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Where the tests keep the server that speaks MongoDB's protocol.
CACHE = Path.home() / ".cache" / "hookstead-testing"
DATABASE_CODE = "import sys; from secantus.cli import main; sys.exit(main())"

# What functions say of documents that are not there, or are not as they expect.
OF_DATA = re.compile(
    r"\b(?:null|undefined)\b|JSON|24.{0,20}hex|Invalid (?:Date|time)|ObjectId|BSONError"
    r"|ExecutionError: SyntaxError|must be an array, but|invalid Int32|must have at least one", re.I
)
# A value of another shape than expected: it has none of the methods of arrays and texts.
OF_SHAPE = re.compile(
    r"\.(?:filter|find|forEach|includes|indexOf|join|map|push|reduce|replace|slice|some|sort|split"
    r"|toLowerCase|toUpperCase|trim) is not a function"
)
# What the server of the tests does not have and MongoDB has.
OF_SERVER = re.compile(r"unknown top level operator: \$text\b|Unknown expression \$meta\b")
# What functions that catch their errors leave in their log or their answer.
CAUGHT = re.compile(
    r"[^\n\"{}]*(?:not a function|is not defined|not supported|has no |unknown operator"
    r"|cannot find module|is not available|not implemented)[^\n\"{}]*", re.I
)


@dataclass(frozen=True)
class Failure:
    app: str
    store: str
    route: str
    reason: str
    kind: str


KINDS = {
    "unnamed": "check did not name it",
    "named": "check named it",
    "data": "the function met documents or a request that it did not expect",
    "server": "the server of the tests lacks what MongoDB has",
    "app": "the function throws it itself",
    "outgoing": "an outgoing call, which goes to a stub or is refused here",
}


def main():
    arguments = parse()
    binary = Path(arguments.hookstead or tools.build_hookstead()).resolve()
    apps = [app for folder in arguments.folders for app in find_exports(Path(folder))]
    if not apps:
        raise Fault("no folder holds an export")
    failures, calls = [], 0
    with Stub() as stub:
        for app in apps:
            for store in stores(arguments):
                trial = Trial(binary, app, store, stub, arguments)
                found = trial.run()
                failures += found
                calls += trial.calls
                tell_app(trial, found, arguments.all)
    tell_all(failures, len(apps), calls)
    if arguments.json:
        rows = [vars(failure) for failure in failures]
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(1 if any(failure.kind == "unnamed" for failure in failures) else 0)


def parse():
    parser = argparse.ArgumentParser(prog="bench/exports", description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="exports, or folders of some")
    parser.add_argument("--hookstead", metavar="BINARY", help="else a release build is made")
    parser.add_argument("--store", choices=["embedded", "mongodb", "both"], default="both")
    parser.add_argument("--mongodb", metavar="URI", help="a deployment on this machine; else the "
                        "server of the tests is started, if it is there")
    parser.add_argument("--seconds", type=int, default=5, help="that one request may take")
    parser.add_argument("--all", action="store_true", help="list named failures too")
    parser.add_argument("--json", metavar="FILE", help="write every failure there")
    arguments = parser.parse_args()
    if arguments.mongodb:
        hosts = urlsplit(arguments.mongodb).netloc.rsplit("@", 1)[-1].split(",")
        strangers = [host for host in hosts if host.rsplit(":", 1)[0].strip("[]") not in LOOPBACK]
        if strangers or not arguments.mongodb.startswith("mongodb://"):
            raise Fault("--mongodb: functions write into it, so it must be one on this machine, "
                        "such as mongodb://127.0.0.1:27017/")
    return arguments


def find_exports(folder, depth=0):
    if not folder.is_dir():
        raise Fault(f"{folder} is no folder")
    config = folder / "config.json"
    is_older = config.is_file() and "config_version" in config.read_text(errors="replace")
    if is_older or any((folder / name).is_file() for name in ROOT_FILES):
        yield folder
    if depth < FOLDERS_DEEP_MAX:
        for inner in sorted(folder.iterdir()):
            if inner.is_dir() and not inner.is_symlink() and inner.name not in FOLDERS_SKIPPED:
                yield from find_exports(inner, depth + 1)


def stores(arguments):
    if arguments.store in ("embedded", "both"):
        yield "embedded"
    if arguments.store in ("mongodb", "both"):
        if arguments.mongodb or database_python():
            yield "mongodb"
        elif arguments.store == "mongodb":
            raise Fault("there is no MongoDB: give --mongodb URI, or run `cargo xtask test` once, "
                        "which installs one")


def database_python():
    """The Python that has the server of the tests, and where its packages lie."""
    for marker in sorted(CACHE.glob("secantusdb-*/complete")):
        if marker.read_text() == "venv":
            return str(marker.parent / "venv/bin/python"), {}
        return sys.executable, {"PYTHONPATH": str(marker.parent / "packages")}
    return None


class Trial:
    """One export on one store."""

    def __init__(self, binary, app, store, stub, arguments):
        self.binary, self.app, self.store, self.stub = binary, app, store, stub
        self.seconds, self.uri = arguments.seconds, arguments.mongodb
        self.name = app.name if app.name not in ("", ".") else app.resolve().name
        self.calls = 0
        self.routes = 0
        self.sources = {}

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
            self.write_settings()
            report = self.check()
            if report is None:
                return [self.failure("", "check does not read the export", "unnamed")]
            for name in secrets_of(report):
                self.command("secrets", "generate", name, "--app", str(self.app))
            report = self.check()
            self.put_documents()
            with Server(self) as server:
                return self.call_all(report, server)

    def write_settings(self):
        origins = guesses.origins(self.sources.values())
        for redirects in (origins, []):
            lines = [
                '[auth]', 'application_authentication = "system"', '[outbound]',
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

    def put_documents(self):
        for name, document in guesses.documents(self.sources.values()).items():
            self.command("data", "import", name, "--app", str(self.app), text=json.dumps(document))

    def call_all(self, report, server):
        # What writes comes first, so that what reads finds something.
        routes = sorted(report["routes"], key=lambda route: route["method"] in ("GET", "HEAD"))
        failures = []
        self.routes = len(routes)
        for route in routes:
            source = self.sources.get(route["file"] or "", "")
            for request in guesses.requests(route["method"], source):
                for reason in self.call(route, request, server):
                    where = f"{request.method} {route['path']}"
                    kind = self.kind_of(reason, route, report)
                    failures.append(self.failure(where, reason, kind))
        return list(dict.fromkeys(failures))

    def call(self, route, request, server):
        """Sends a request; why it failed, or what the function caught."""
        path = route["path"] + (f"?{request.query}" if request.query else "")
        headers = {"Content-Type": "application/json"} if request.body else {}
        if route["protection"] in ("secret", "signature", "github-signature"):
            signed = self.sign(request, server.base + path)
            if signed is None:
                return []
            url, more = signed
            path = url.removeprefix(server.base)
            headers.update(more)
        self.calls += 1
        host = urlsplit(server.base)
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=self.seconds + 5)
        try:
            connection.request(request.method, path, request.body or None, headers)
            response = connection.getresponse()
            body = response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return [f"no response: {error}"]
        finally:
            connection.close()
        entry = server.entry(response.getheader("x-request-id"))
        if entry.get("error_code"):
            detail = entry.get("detail") or ""
            lines = [entry["error_code"], entry.get("error", ""), detail.split("\n")[0]]
            return [": ".join(dict.fromkeys(line for line in lines if line))[:LINE_CHARACTERS]]
        told = [one["text"] for one in entry.get("messages", []) if one["level"] == "error"]
        caught = (CAUGHT.search(text) for text in [*told, body[:4000]])
        return [f"caught: {found[0].strip()}"[:LINE_CHARACTERS] for found in caught if found][:1]

    def sign(self, request, url):
        """The URL and the headers with which the protection lets a request in."""
        done = self.command("sign", "--app", str(self.app), "--method", request.method,
                            "--data", request.body.decode(), "--curl", url)
        if done.returncode != 0:
            return None
        words = shlex.split(done.stdout)
        headers = [words[at + 1] for at, word in enumerate(words) if word == "-H"]
        return words[-1], dict(header.split(": ", 1) for header in headers)

    def kind_of(self, reason, route, report):
        if "may not be called" in reason or self.stub.origin.removeprefix("http://") in reason:
            return "outgoing"
        if is_named(reason, route, report):
            return "named"
        if OF_SHAPE.search(reason):
            return "data"
        if OF_DATA.search(reason) and "not a function" not in reason:
            return "data"
        if self.store == "mongodb" and not self.uri and OF_SERVER.search(reason):
            return "server"
        message = reason.split(": ")[-1].strip()
        if any(is_in(message, source) for source in self.sources.values()):
            return "app"
        return "unnamed"

    def failure(self, route, reason, kind):
        return Failure(str(self.app), self.store, route, reason, kind)


def secrets_of(report):
    missing = (one for route in report["routes"] for one in route["missing"])
    named = {one["name"] for one in missing if one["kind"] == "secret"}
    return sorted(named | {route["secret"] for route in report["routes"] if route["secret"]})


def is_named(reason, route, report):
    """Whether check says of the route that it does not run, or says the same of a file of it."""
    if route["verdict"] != "runs" or any(one["kind"] != "value" for one in route["missing"]):
        return True
    words = set(re.findall(r"[\w$]{4,}", reason)) - {"TypeError", "FunctionExecutionError"}
    called = route["uses"]["functions"]
    files = {route["file"], *(f"functions/{name}.js" for name in called),
             *(f"functions/{name}/source.js" for name in called)}
    for problem in report["problems"]:
        told = set(re.findall(r"[\w$]{4,}", f"{problem['message']} {problem['remedy']}"))
        if problem["file"] in files and words & told:
            return True
    return any(words & set(re.findall(r"[\w$]{4,}", told)) for told in route["reasons"])


def is_in(message, source):
    """Whether a source has the beginning of a message, up to where it puts something in."""
    start = message[:16]
    return len(start) >= 8 and (start in source or message in source)


class Server:
    """`hookstead serve`, with its log by the ids of requests."""

    def __init__(self, trial):
        self.trial = trial
        self.entries = {}
        self.filled = threading.Condition()

    def __enter__(self):
        trial = self.trial
        with open(trial.folder / "stderr", "wb") as errors:
            self.process = subprocess.Popen(
                [str(trial.binary), "serve", str(trial.app), "--listen", "127.0.0.1:0",
                 "--log-format", "json", "--config", str(trial.folder / "settings.toml"),
                 "--data-dir", str(trial.folder / "data")],
                env=trial.environment, cwd=trial.folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors,
            )
        late = threading.Timer(START_S_MAX, self.process.kill)
        late.start()
        first = self.process.stdout.readline()
        late.cancel()
        if not first:
            self.process.wait()
            told = (trial.folder / "stderr").read_text(errors="replace")[-500:]
            raise Fault(f"{trial.app}: hookstead serve does not start:\n{told}")
        self.base = json.loads(first)["url"]
        threading.Thread(target=self.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def read(self):
        for line in self.process.stdout:
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            with self.filled:
                self.entries[entry.get("co_id")] = entry
                self.filled.notify_all()

    def entry(self, id):
        """What the log says of a request."""
        end = time.monotonic() + LOG_S_MAX
        with self.filled:
            while id not in self.entries and (left := end - time.monotonic()) > 0:
                self.filled.wait(left)
            return self.entries.get(id, {})


class Database:
    """The server of the tests, empty, until the trial ends."""

    def __init__(self, folder):
        self.folder = folder / "database"

    def __enter__(self):
        self.folder.mkdir()
        python, environment = database_python()
        port = free_port()
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [python, "-c", DATABASE_CODE, "--host", "127.0.0.1", "--port", str(port),
                 "--log-level", "ERROR", "--storage-path", str(self.folder / "documents")],
                env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **environment},
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        end = time.monotonic() + START_S_MAX
        while not listens(port):
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise Fault("the server of the tests does not start")
            time.sleep(0.05)
        self.uri = f"mongodb://127.0.0.1:{port}/"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Stub:
    """Answers whatever functions call."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Answer(BaseHTTPRequestHandler):
    BODY = b'{"data":[],"results":[],"items":[]}'

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.BODY)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


def tell_app(trial, failures, all_kinds):
    counts = Counter(failure.kind for failure in failures)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "no failures"
    print(f"{trial.app} ({trial.store}): {trial.routes} endpoints, {trial.calls} calls; {told}",
          flush=True)
    for failure in failures:
        if all_kinds or failure.kind == "unnamed":
            print(f"  {failure.kind:<8} {printable(failure.route)}\n           "
                  f"{printable(failure.reason)}", flush=True)


def tell_all(failures, apps, calls):
    print(f"\n{apps} exports, {calls} calls")
    counts = Counter(failure.kind for failure in failures)
    for kind, what in KINDS.items():
        print(f"{counts[kind]:>6} failures: {what}")
    reasons = Counter(failure.reason for failure in failures if failure.kind == "unnamed")
    for reason, count in reasons.most_common():
        print(f"{count:>6} × {printable(reason)}")


def printable(text):
    """An export is a stranger's: it must not steer the terminal."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)
