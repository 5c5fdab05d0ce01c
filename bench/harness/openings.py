"""Exports in which one place protects an endpoint and another, or a misspelt key, opens it."""

import json
import shutil
import subprocess

from .fault import Fault
from .paths import LOGS, WORK
from .process import free_port

APP = WORK / "openings"
SECRET = "12345"
ROOT = {"config_version": 20210101, "app_id": "opened-abcde", "name": "opened"}
FUNCTIONS = [{"name": "hello", "private": False, "run_as_system": True}]
OPEN = {"validation_method": "NO_VALIDATION"}
PROTECTED = {"validation_method": "SECRET_AS_QUERY_PARAM", "secret_name": "guard"}


def endpoint(route, **protection):
    return {
        "route": route,
        "http_method": "GET",
        "function_name": "hello",
        "respond_result": True,
        "disabled": False,
        **protection,
    }


def exports():
    """Names of exports, and the endpoints in their two folders."""
    off = {"disabled": True}
    yield "protected, then open", [PROTECTED], [OPEN]
    yield "open, then protected", [OPEN], [PROTECTED]
    yield "disabled, then open", [{**OPEN, **off}], [OPEN]
    yield "open, then disabled", [OPEN], [{**OPEN, **off}]
    yield "both in one file", [PROTECTED, OPEN], []
    for key in ("vaildation_method", "hmac", "token", "protection", "check_payload", "options"):
        misspelt = {key: "SECRET_AS_QUERY_PARAM", "secret_name": "guard"}
        yield f"misspelt as {key}", [misspelt], []
        yield f"misspelt as {key}, without a secret", [{key: "SECRET_AS_QUERY_PARAM"}], []


def all_openings(binary):
    """Whether no export answers a request without its secret."""
    holds = True
    for name, https, http in exports():
        status = status_without_secret(binary, https, http)
        if status == 200:
            holds = False
            print(f"open           FAILED: answers without its secret: {name}")
    if holds:
        print("open           holds\n    none of the exports answers without its secret")
    return holds


def status_without_secret(binary, https, http):
    shutil.rmtree(APP, ignore_errors=True)
    (APP / "functions").mkdir(parents=True)
    write(APP / "root_config.json", ROOT)
    write(APP / "functions" / "config.json", FUNCTIONS)
    (APP / "functions" / "hello.js").write_text('exports = () => "hello";\n')
    for folder, entries in (("https_endpoints", https), ("http_endpoints", http)):
        if entries:
            (APP / folder).mkdir()
            write(APP / folder / "config.json", [endpoint("/hello", **one) for one in entries])
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = [binary, "serve", APP, "--listen", address]
    environment = {"HOOKSTEAD_SECRET_guard": SECRET, "PATH": "/usr/bin:/bin"}
    LOGS.mkdir(parents=True, exist_ok=True)
    with open(LOGS / "openings.log", "ab") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
        try:
            if not process.stdout.readline().startswith("listening"):
                return 0
            return ask(f"http://{address}/app/opened-abcde/endpoint/hello")
        finally:
            process.kill()
            process.wait()


def ask(url):
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.isdigit():
        raise Fault("curl is not installed")
    return int(done.stdout)


def write(path, value):
    path.write_text(json.dumps(value, indent=4) + "\n")
