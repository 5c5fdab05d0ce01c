"""The least of an HTTP client: what is measured is the server."""

import http.client
import socket

TIMEOUT_S = 10


def request_bytes(path):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def answers(port, path):
    """Whether a server takes a connection and answers 200."""
    try:
        with Connection(port) as connection:
            return connection.get(request_bytes(path)).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def send(port, request):
    """Status, content type and body of the answer to one request."""
    return exchange(port, request.method, request.path, request.body, request.headers)


def exchange(port, method, path, body, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read()
    finally:
        connection.close()


class Connection:
    """A connection that is kept, for answers that fit into one packet."""

    def __init__(self, port, timeout_s=TIMEOUT_S):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, request):
        self.socket.sendall(request)

    def get(self, request):
        self.send(request)
        return self.read()

    def read(self):
        """An answer, headers and all; nothing when the server hung up."""
        answer = b""
        while not is_whole(answer):
            part = self.socket.recv(65536)
            if not part:
                return b""
            answer += part
        return answer


def is_whole(answer):
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return body.endswith(b"0\r\n\r\n")
