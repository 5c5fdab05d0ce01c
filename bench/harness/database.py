"""A server that speaks MongoDB's protocol: SecantusDB, with `replay.py` in front of it."""

import os
import shutil
import socket
import sys

from . import tools
from .paths import BENCH, WORK
from .process import Session, free_port

FOLDER = WORK / "databases"


class Database:
    """Its documents lie in a folder of its own, and go with it."""

    def __init__(self, name):
        self.name = f"{name}-database"
        self.folder = FOLDER / name
        self.sessions = []

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            behind = self.start(self.name, self.folder, lambda port: [
                str(tools.database_program()), "--host", "127.0.0.1", "--port", str(port),
                "--log-level", "ERROR", "--storage-path", str(self.folder / "documents"),
            ])
            port = self.start(f"{self.name}-replay", BENCH, lambda port: [
                sys.executable, "-m", "harness.replay", str(port), str(behind),
            ])
        except BaseException:
            self.stop()
            raise
        # Else drivers would ask the server for its own address, and go around the replay.
        self.uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, name, folder, command):
        """The port on which it listens now."""
        port = free_port()
        session = Session(name, command(port), dict(os.environ), folder)
        self.sessions.append(session)
        session.wait(lambda: listens(port), pause_s=0.02)
        return port

    def stop(self):
        for session in reversed(self.sessions):
            session.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_s(self):
        return sum(session.cpu_s() for session in self.sessions)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
