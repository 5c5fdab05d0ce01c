"""How each server is started, and which version it is."""

import hashlib
import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from .fault import Fault
from .paths import APP, PEERS, USERS_APP, WORK
from .works import DOCUMENTS, USERS, WEB

HOOKSTEAD = "hookstead"
ON_MONGODB = "hookstead-mongodb"
OURS = {HOOKSTEAD, ON_MONGODB}

# The servers, and which kinds of works they can do.
KINDS = {
    HOOKSTEAD: {WEB, DOCUMENTS, USERS},
    "bun": {WEB},
    "node-http": {WEB},
    "deno": {WEB},
    "fastify": {WEB},
    "workerd": {WEB},
    "express": {WEB},
    ON_MONGODB: {DOCUMENTS, USERS},
    "node-http-mongodb": {DOCUMENTS},
    "express-mongodb": {DOCUMENTS, USERS},
}
NAMES = list(KINDS)
MODULES = PEERS / "node_modules"


@dataclass(frozen=True)
class Server:
    name: str
    command: list  # `{port}` stands for the port
    version: str
    uri_variable: str = ""  # what tells it where MongoDB is, if it is to use that
    data: Optional[Path] = None  # where it keeps documents, if it does so itself
    kinds: frozenset = frozenset({WEB})

    def for_users(self):
        """The same with the app whose endpoints ask for users, where it runs an app at all."""
        command = [str(USERS_APP) if part == str(APP) else part for part in self.command]
        return replace(self, command=command)

    def does(self, work):
        return work.kind in self.kinds


def hookstead(binary, name=HOOKSTEAD, on_mongodb=False):
    binary = Path(binary).resolve()
    if not binary.is_file():
        raise Fault(f"there is no {binary}")
    data = WORK / "data" / name
    command = [str(binary), "serve", str(APP), "--listen", "127.0.0.1:{port}"]
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    version = f"{first_line(binary, '--version')} (SHA-256 {digest[:12]})"
    return Server(
        name,
        [*command, "--data-dir", str(data)],
        version,
        uri_variable="HOOKSTEAD_MONGODB_URI" if on_mongodb else "",
        data=data,
        kinds=frozenset({WEB, DOCUMENTS, USERS}),
    )


def peer(name):
    return PEER_MAKERS[name]()


def with_driver(name, server):
    """A peer and the official driver, which is most of what it does."""
    driver = f"mongodb {package_version('mongodb')}"
    return Server(
        name,
        ["node", str(PEERS / f"{name}.mjs")],
        f"{server.version}, {driver}",
        uri_variable="MONGODB_URI",
        kinds=frozenset(KINDS[name]),
    )


def node_http():
    return Server("node-http", ["node", str(PEERS / "node-http.mjs")], node_version())


def on_node(name):
    command = ["node", str(PEERS / f"{name}.mjs")]
    return Server(name, command, f"{name} {package_version(name)} on {node_version()}")


def package_version(name):
    return json.loads((MODULES / name / "package.json").read_text())["version"]


def bun():
    binary = native("bun", "@oven/bun-*/bin/bun")
    version = f"bun {first_line(binary, '--version')}"
    return Server("bun", [binary, str(PEERS / "bun.mjs")], version)


def deno():
    binary = native("deno", "@deno/*/deno")
    flags = ["run", "--quiet", "--no-prompt", "--no-config", "--allow-net", "--allow-env"]
    version = first_line(binary, "--version")
    return Server("deno", [binary, *flags, str(PEERS / "deno.mjs")], version)


def workerd():
    binary = native("workerd", "@cloudflare/workerd-*/bin/workerd")
    command = [binary, "serve", "--socket-addr=http=127.0.0.1:{port}"]
    version = first_line(binary, "--version")
    return Server("workerd", [*command, str(PEERS / "workerd.capnp")], version)


PEER_MAKERS = {
    "node-http": node_http,
    "express": lambda: on_node("express"),
    "fastify": lambda: on_node("fastify"),
    "bun": bun,
    "deno": deno,
    "workerd": workerd,
    "node-http-mongodb": lambda: with_driver("node-http-mongodb", node_http()),
    "express-mongodb": lambda: with_driver("express-mongodb", on_node("express")),
}


def native(name, pattern):
    """The program itself: what npm links starts it through Node.js, at a cost of its own."""
    for path in sorted(MODULES.glob(pattern)):
        try:
            done = subprocess.run([path, "--version"], capture_output=True, check=False)
            if done.returncode == 0:
                return str(path)
        except OSError:  # for another machine
            continue
    raise Fault(f"npm installed no {name} that runs on this machine")


def node_version():
    return f"node {first_line('node', '--version').lstrip('v')}"


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).splitlines()[0].strip()
