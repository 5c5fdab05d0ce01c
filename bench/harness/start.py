"""The time from the start of a process to its first answer."""

from .process import Running


def measure(server):
    process = Running(server)
    try:
        return {"start_ms": process.wait()}
    finally:
        process.stop()
