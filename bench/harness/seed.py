"""A server with the documents that the works with documents need, and nothing else."""

import shutil
from contextlib import ExitStack, contextmanager

from . import client, documents, process
from .database import Database
from .fault import Fault
from .works import Request, compact

BATCH = 1000


@contextmanager
def running(server):
    """The server anew: on an empty database, or with an empty folder of its own."""
    with ExitStack() as stack:
        database = None
        if server.uri_variable:
            database = stack.enter_context(Database(server.name))
        else:
            stack.enter_context(emptied(server.data))
        running = stack.enter_context(process.running(server, database=database))
        fill(running)
        yield running


@contextmanager
def emptied(folder):
    """Neither what was there before comes into the way, nor this into that of others."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(running):
    """Through the server itself, so that each stores what it would store."""
    products = documents.products()
    for start in range(0, len(products), BATCH):
        part = products[start:start + BATCH]
        request = Request(
            "/seed", 200, compact({"inserted": len(part)}), method="POST", body=compact(part),
            headers={"Content-Type": "application/json"},
        )
        fault = request.fault(*client.send(running.port, request))
        if fault:
            raise Fault(f"{running.server.name}: {request.path}: {fault}")
