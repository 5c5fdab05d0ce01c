"""What the machine is, and how busy it is."""

import os
import platform
import resource
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def describe():
    return {
        "cpu": cpu_model(),
        "cores": cores(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def cores():
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or "unknown"


@dataclass(frozen=True)
class CpuTimes:
    """Processor time that was spent up to a moment, or between two."""

    wall_s: float
    server_s: float
    children_s: float  # of children that have ended, such as wrk
    own_s: float
    all_s: float
    database_s: float  # of what the server asks

    @classmethod
    def now(cls, running):
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        return cls(
            wall_s=time.perf_counter(),
            server_s=running.cpu_s(),
            children_s=children.ru_utime + children.ru_stime,
            own_s=own.ru_utime + own.ru_stime,
            all_s=busy_s(),
            database_s=running.database_cpu_s(),
        )

    def since(self, before):
        return CpuTimes(*(now - then for now, then in zip(self.values(), before.values())))

    def values(self):
        return (
            self.wall_s, self.server_s, self.children_s, self.own_s, self.all_s, self.database_s,
        )

    @property
    def others_s(self):
        """What neither the server nor the harness spent: the noise of the machine."""
        return self.all_s - self.server_s - self.database_s - self.children_s - self.own_s


def busy_s():
    """Processor time of all processes, and what a host took away.

    Time in interrupts is left out, because the network of the benchmark itself causes most of it.
    """
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, _irq, _softirq, steal = map(int, fields[:8])
    return (user + nice + system + steal) / TICKS_PER_S
