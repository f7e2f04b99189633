"""A server on this machine that says, byte by byte, what a test tells it to."""

import socket
import threading
from contextlib import contextmanager, suppress


class Scripted:
    """Answers each connection with the next of `answers`, the last one again and again.

    An answer is bytes, or a function of the socket. `asked` are the requests.
    """

    def __init__(self, answers):
        self.answers, self.asked = list(answers), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.stopped = threading.Event()

    def serve(self):
        while not self.stopped.is_set():
            with suppress(OSError):
                line, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line):
        with line, suppress(OSError):
            self.asked.append(line.recv(65536).decode())
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(answer):
                answer(line)
            else:
                line.sendall(answer)


@contextmanager
def scripted(*answers):
    server = Scripted(answers)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        with suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join()


def answer(status="200 OK", body=b"", **headers):
    """An answer with a length, unless `Content_Length` is given; None leaves a header out."""
    lines = {"Content-Length": len(body), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def dripping(head, drop, pause):
    """Sends `head`, then `drop` again and again, as long as somebody listens."""

    def send(line):
        line.sendall(head)
        wait = threading.Event()
        while True:
            line.sendall(drop)
            wait.wait(pause)

    return send
