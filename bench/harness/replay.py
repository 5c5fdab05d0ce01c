"""Reads that have been answered before, answered at once: `python -m harness.replay PORT BEHIND`.

SecantusDB takes a fifth of a second and more to look through 10,000 documents. A server under load
would be idle most of the time then, and the processor time of a request would be that of code which
has hardly run. So this stands between the two. It passes everything on as it is, and remembers the
answers to `find` and `aggregate` in the database `bench`, which it repeats, byte for byte, when the
same is asked again.
"""

import asyncio
import sys

HEADER_BYTES = 16
MESSAGE = 2013  # the number of OP_MSG
BODY_AT = HEADER_BYTES + 5  # behind flags and the kind of the section
READS = (b"find", b"aggregate")
# What differs between two commands that ask the same.
ASIDE = (b"lsid", b"$clusterTime")
SIZES = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8,
         0x13: 16, 0x7F: 0, 0xFF: 0}
TEXTS = (0x02, 0x0D, 0x0E)
DOCUMENTS = (0x03, 0x04, 0x0F)
BINARY = 0x05


async def main():
    port, behind = map(int, sys.argv[1:])
    answers = {}

    async def serve(reader, writer):
        await Connection(answers).run(reader, writer, behind)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


class Connection:
    def __init__(self, answers):
        self.answers = answers
        self.asked = {}  # what the database is still to answer, by the number of the request

    async def run(self, reader, writer, port):
        try:
            from_database, to_database = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(
                self.requests(reader, writer, to_database),
                self.replies(from_database, writer),
            )
        except (OSError, asyncio.IncompleteReadError):
            pass  # one of the two has hung up
        finally:
            writer.close()
            to_database.close()

    async def requests(self, reader, writer, to_database):
        try:
            while True:
                message = await read(reader)
                key = key_of(message)
                answer = self.answers.get(key)
                if answer:
                    writer.write(answer[:8] + message[4:8] + answer[12:])
                    await writer.drain()
                    continue
                if key:
                    self.asked[message[4:8]] = key
                to_database.write(message)
                await to_database.drain()
        finally:
            to_database.close()

    async def replies(self, from_database, writer):
        try:
            while True:
                message = await read(from_database)
                key = self.asked.pop(message[8:12], None)
                if key and is_whole(message):
                    self.answers[key] = message
                writer.write(message)
                await writer.drain()
        finally:
            writer.close()


async def read(reader):
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "little") - 4)


def key_of(message):
    """What a command asks, or None where its answer may differ the next time."""
    if int.from_bytes(message[12:HEADER_BYTES], "little") != MESSAGE:
        return None
    if not message[BODY_AT + 5:].startswith(READS):
        return None
    parts = {name: bytes for name, bytes in elements(message, BODY_AT) if name not in ASIDE}
    # Users are in another database, and log in as soon as they have registered.
    if not parts.get(b"$db", b"").endswith(b"\0\0bench\0"):
        return None
    return b"".join(parts.values())


def is_whole(message):
    """Whether an answer has all documents: where more are to come, a cursor has a number."""
    reply = dict(elements(message, BODY_AT))
    if b"cursor" not in reply:
        return False
    cursor = dict(elements(reply[b"cursor"], len(b"cursor") + 2))
    return int.from_bytes(cursor[b"id"][len(b"id") + 2:], "little") == 0


def elements(bytes, start):
    """The names and the bytes of the elements of a document of BSON."""
    at = start + 4
    while bytes[at]:
        name_end = bytes.index(0, at + 1)
        end = name_end + 1 + size(bytes[at], bytes, name_end + 1)
        yield bytes[at + 1:name_end], bytes[at:end]
        at = end


def size(kind, bytes, at):
    if kind in SIZES:
        return SIZES[kind]
    length = int.from_bytes(bytes[at:at + 4], "little")
    if kind in TEXTS:
        return 4 + length
    if kind in DOCUMENTS:
        return length
    if kind == BINARY:
        return 5 + length
    raise ValueError(f"no command has a value of type {kind}")


if __name__ == "__main__":
    asyncio.run(main())
