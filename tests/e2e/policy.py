"""What the end-to-end tests of rblitz-policyd share: the program, a mail server's side of its protocol, and a DNS server that does
what a test wants.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import Waiting, free_port, programs

KEY, ZONE = "s3cret", "grey.test"
DELAYED = 312


class Policyd(Waiting):
    """The program with files in a folder of its own; `with Policyd({...}) as policyd:` starts it and stops it.

    `keys`: of the configuration besides zone, key_file, user and listen. `namespace`: the network namespace it runs in.
    """

    def __init__(self, keys, files=None, namespace=None, arguments=()):
        self.folder = Path(tempfile.mkdtemp(prefix="rblitz-e2e-"))
        self.folder.chmod(0o755)  # it is not root when it reads its lists
        self.namespace, self.arguments = namespace, arguments
        self.port = free_port()
        self.socket = self.folder / "policy.sock"
        (self.folder / "grey.key").write_text(KEY + "\n")
        (self.folder / "grey.key").chmod(0o600)
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        keys = {"zone": ZONE, "key_file": "grey.key", "listen": [f"127.0.0.1:{self.port}", f"unix:{self.socket}"],
                "host": "mx.test"} | ({"user": "nobody"} if os.geteuid() == 0 else {}) | keys
        shown = lambda value: str(value).lower() if isinstance(value, (bool, int)) else str(value).replace("'", '"') \
            if isinstance(value, list) else f'"{value}"'
        (self.folder / "policyd.toml").write_text("".join(f"{key} = {shown(value)}\n" for key, value in keys.items()))
        self.process = None

    @property
    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def command(self):
        return [*(["ip", "netns", "exec", self.namespace] if self.namespace else []), programs.rblitz_policyd, "--config",
                self.folder / "policyd.toml", *self.arguments]

    def __enter__(self):
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self.wait_for_log("event=started")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)

    def wait_for_log(self, text, count=1, seconds=60):
        self.wait_until(lambda: self.log.count(text) >= count, seconds)

    def counters(self):
        before = self.log.count("event=counters")
        self.process.send_signal(signal.SIGUSR1)
        self.wait_for_log("event=counters", before + 1)
        line = [line for line in self.log.splitlines() if line.startswith("event=counters")][-1]
        return {key: int(value) for key, value in (word.split("=") for word in line.split()[1:])}

    def connect(self, over_unix=False):
        return Connection(str(self.socket) if over_unix else ("127.0.0.1", self.port))

    def ask(self, **attributes):
        """One request over a connection of its own."""
        with self.connect() as connection:
            return connection.ask(**attributes)


def request(**attributes):
    attributes = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "client_address": "192.0.2.4", "client_name": "unknown",
                  "sender": "Alice@Example.com", "recipient": "bob@test", "instance": "1.2.3"} | attributes
    return "".join(f"{name}={value}\n" for name, value in attributes.items()).encode() + b"\n"


class Connection:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(60)
        self.socket.connect(address)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """The next action; None: the connection has been ended."""
        while b"\n\n" not in self.received:
            with contextlib.suppress(ConnectionError):
                if part := self.socket.recv(65536):
                    self.received += part
                    continue
            return None
        action, _, self.received = self.received.partition(b"\n\n")
        assert action.startswith(b"action="), action
        # `first` of code() was DELAYED seconds ago; a second may begin meanwhile, for the one or the other.
        near = "|".join(str(DELAYED + second) for second in (-1, 0, 1))
        return re.sub(f"delayed ({near}) seconds", f"delayed {DELAYED} seconds", action.decode().removeprefix("action="))

    def ask(self, **attributes):
        self.send(request(**attributes))
        return self.answer()


class Dns:
    """A server over UDP and TCP of a port that does what `behave` says of each question.

    `behave(question, over_tcp)` returns messages to send; the helpers below make them.
    """

    def __init__(self, behave, host="127.0.0.1", port=None):
        self.behave, self.host = behave, host
        self.port = port or free_port()
        self.questions = []  # (over_tcp, message)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, self.port))
        self.tcp = socket.create_server((host, self.port))
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self.serve_udp, self.serve_tcp)]

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for listening in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        for thread in self.threads:
            thread.join(timeout=10)

    def answers(self, message, over_tcp):
        message = without_edns(message)
        self.questions.append((over_tcp, message))
        return self.behave(message, over_tcp) or []

    def serve_udp(self):
        with contextlib.suppress(OSError):
            while True:
                message, client = self.udp.recvfrom(4096)
                if not message:
                    return
                for answer in self.answers(message, False):
                    self.udp.sendto(answer, client)

    def serve_tcp(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.tcp.accept()[0]
                with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError, struct.error):
                    while length := stream.read(2):
                        for answer in self.answers(stream.read(struct.unpack("!H", length)[0]), True):
                            connection.sendall(struct.pack("!H", len(answer)) + answer)


def without_edns(message):
    opt = b"\0\0\x29\x04\xd0" + bytes(6)
    assert message[10:12] == b"\0\1" and message.endswith(opt), message
    return message[:10] + b"\0\0" + message[12:-len(opt)]


def kind(question):
    return struct.unpack("!H", question[-4:-2])[0]


def code(question, last):
    """127.0.0.`last`, or to a TXT question what goes with it."""
    if kind(question) == 16:
        text = f"v=grey1 s=x wait=287 first={int(time.time()) - DELAYED} why=x".encode()
        return record(question, 16, bytes([len(text)]) + text)
    return record(question, 1, bytes([127, 0, 0, last]))


def record(question, of, data):
    return question[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + question[12:] + struct.pack("!HHHIH", 0xc00c, of, 1, 0, len(data)) + data


def failure(question, rcode):
    return question[:2] + bytes([0x84, rcode]) + question[4:]


def truncated(question):
    return question[:2] + b"\x86\0" + question[4:]
