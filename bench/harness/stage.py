"""What an export is tried on: the program, a database, and a stub for outgoing calls."""

import json
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .database import listens
from .fault import Fault
from .paths import WORK
from .process import free_port

START_S_MAX = 60
LOG_S_MAX = 2
STOP_S_MAX = 5
# Where the tests keep the server that speaks MongoDB's protocol.
CACHE = Path.home() / ".cache" / "hookstead-testing"
DATABASE_CODE = "import sys; from secantus.cli import main; sys.exit(main())"


def database_python():
    """The Python that has the server of the tests, and where its packages lie."""
    for marker in sorted(CACHE.glob("secantusdb-*/complete")):
        if marker.read_text() == "venv":
            return str(marker.parent / "venv/bin/python"), {}
        return sys.executable, {"PYTHONPATH": str(marker.parent / "packages")}
    # Where bench/run has put it.
    python = WORK / "database-venv" / "bin" / "python"
    return (str(python), {}) if python.exists() else None


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
