"""A server as a process: started, watched and ended."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from . import client
from .fault import Fault
from .paths import LOGS
from .works import HELLO, SECRET

START_S_MAX = 20
STOP_S_MAX = 2
CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED of Linux, beside the complement of the process id


class Session:
    """The processes of one program, told by their session."""

    def __init__(self, name, command, env, folder=None):
        self.name = name
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = LOGS / f"{name}.log"
        with open(self.log, "wb") as log:
            self.started = time.perf_counter()
            self.process = subprocess.Popen(
                command,
                env=env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def wait(self, answers, pause_s=0.0002):
        """Milliseconds from the start to the first answer."""
        while time.perf_counter() - self.started < START_S_MAX:
            if answers():
                return (time.perf_counter() - self.started) * 1000
            if self.process.poll() is not None:
                break
            time.sleep(pause_s)
        self.stop()
        end = self.log.read_text(errors="replace")[-500:]
        raise Fault(f"{self.name} does not answer; the end of {self.log}:\n{end}")

    def stop(self, gently=True):
        if gently:
            self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX if gently else 0)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def pids(self):
        return [pid for pid in all_pids() if session_of(pid) == self.process.pid]

    def cpu_s(self):
        """Seconds of processor time so far."""
        return sum(process_cpu_s(pid) for pid in self.pids())

    def memory_mib(self):
        """Resident, proportional and unshared memory, in MiB."""
        totals = {"rss": 0, "pss": 0, "uss": 0}
        for pid in self.pids():
            for kind, kib in memory_kib(pid):
                totals[kind] += kib / 1024
        return totals


class Running(Session):
    """One server, and the database that it uses, where it uses one."""

    def __init__(self, server, database=None):
        self.server = server
        self.database = database
        self.token = ""  # of a user, where there is one
        self.port = free_port()
        command = [part.format(port=self.port) for part in server.command]
        super().__init__(server.name, command, environment(self.port, server, database))

    def wait(self):
        return super().wait(lambda: client.answers(self.port, HELLO.path))

    def database_cpu_s(self):
        return self.database.cpu_s() if self.database else 0


@contextmanager
def running(server, gently=True, database=None):
    """A server that answers, and that is ended whatever happens."""
    process = Running(server, database)
    try:
        process.wait()
        yield process
    finally:
        process.stop(gently)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(port, server, database):
    """The same variables for every server; Hookstead's own ones of the caller do not count."""
    uri = {server.uri_variable: database.uri} if database else {}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HOOKSTEAD_")}
    return {
        **kept,
        **uri,
        "PORT": str(port),
        "NODE_ENV": "production",
        "BENCH_SECRET": SECRET,
        "HOOKSTEAD_SECRET_bench": SECRET,
    }


def all_pids():
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def process_cpu_s(pid):
    """The clock of another process counts nanoseconds, where /proc/PID/stat counts ticks."""
    try:
        return time.clock_gettime((~pid << 3) | CLOCK_OF_PROCESS)
    except OSError:  # it is gone
        return 0


def stat_fields(pid):
    """What follows the name in /proc/PID/stat, or None for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def session_of(pid):
    fields = stat_fields(pid)
    return int(fields[3]) if fields else None


KINDS = {"Rss": "rss", "Pss": "pss", "Private_Clean": "uss", "Private_Dirty": "uss"}


def memory_kib(pid):
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, _, rest = line.partition(":")
        if name in KINDS:
            yield KINDS[name], int(rest.split()[0])
