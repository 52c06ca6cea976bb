"""What the end-to-end tests of greylists share: names as mail servers write them, and a client that is quick enough for load.

The hashes are Python's own, so that the server's are compared with another implementation.
"""

import hashlib
import ipaddress
import os
import socket
import struct
import time

import dns.message
import dns.query
import dns.rdatatype

KEY = "s3cret"
DEFER, PASSES = "127.0.0.4", {f"127.0.0.{code}" for code in (2, 3, 6, 7, 8, 9, 10)}
MATURED, KNOWN, WHITELISTED, PASS_LIST, OPTED_OUT, UNRECORDED, BLOCK = (f"127.0.0.{code}" for code in (2, 3, 6, 7, 8, 9, 10))


def digest(text):
    """Of an address or a domain, in capitals or not."""
    return hashlib.sha1(f"{KEY}|{''.join(c.lower() if c.isascii() else c for c in text)}".encode()).hexdigest()


def reverse(client):
    return ipaddress.ip_address(client).reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def name(zone, client="192.0.2.4", sender="Alice@Example.com", recipient="bob@test", options=""):
    """`options`: d for the sender's domain, f, n."""
    labels = [digest(recipient)[:32], digest(sender)[:32]]
    if options:
        labels.append("o-" + "".join("d" + digest(sender.rpartition("@")[2])[:16] if o == "d" else o for o in options))
    return ".".join([*labels, reverse(client), zone])


def server_table(port, extra=""):
    return f'[server]\nio = "kernel"\nlisten = ["127.0.0.1:{port}", "[::1]:{port}"]\nstate = "state"\n{extra}\n'


def greylist(zone, **keys):
    """A [[greylist]] of the configuration, small and in memory unless told otherwise."""
    keys = {"key_file": "grey.key", "store": "", "max_triplets": 10000, "delay": "1h"} | keys
    shown = lambda value: ("[" + ", ".join(map(shown, value)) + "]" if isinstance(value, (list, tuple)) else
                           str(value).lower() if isinstance(value, (bool, int)) else f'"{value}"')
    return f'[[greylist]]\nzone = "{zone}"\n' + "".join(f"{key} = {shown(value)}\n" for key, value in keys.items())


FILES = {"grey.key": KEY + "\n"}


def query(qname, kind="A", address="127.0.0.1", port=53, over=dns.query.udp, **options):
    return over(dns.message.make_query(qname, kind, **options), address, port=port, timeout=30)


def texts(answer):
    """The fields of a look."""
    (record,) = answer.answer[0]
    version, *fields = b"".join(record.strings).decode().split(" ")
    assert version == "v=grey1", record
    return dict(field.split("=", 1) for field in fields)


def wire(qname, kind=1):
    """All of a question but its id."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in qname.split("."))
    return struct.pack("!HHHHH", 0, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


class Client:
    """Asks many questions at once, and reads from their answers no more than it needs."""

    WINDOW = 128

    def __init__(self, port, address="127.0.0.1", seconds=10):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((address, port))
        self.seconds = seconds
        self.id = 0
        self.gone = False  # set by a thread that knows that no answer will come

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def receive(self, end):
        while True:
            self.socket.settimeout(0.05)
            try:
                return self.socket.recv(4096)
            except TimeoutError:
                if self.gone or time.monotonic() > end:
                    raise

    def ask(self, names, kind=1):
        """Yields (index, answer, when it came): a code such as 127.0.0.4, of TXT (kind 16) its text. In the order of the answers;
        raises OSError when the server is gone or silent."""
        for start in range(0, len(names), self.WINDOW):
            part = names[start:start + self.WINDOW]
            self.id = (self.id + self.WINDOW) % 65536
            waiting = {}
            for i, qname in enumerate(part):
                question_id = (self.id + i) % 65536
                waiting[question_id] = start + i, len(qname) + 18
                self.socket.send(struct.pack("!H", question_id) + wire(qname, kind))
            end = time.monotonic() + self.seconds
            while waiting:
                answer = self.receive(end)
                index, at = waiting.pop(struct.unpack_from("!H", answer)[0], (None, 0))
                if index is not None:
                    yield index, answer_of(answer, at), time.time()

    def codes(self, names):
        """Of each name, in their order."""
        answers = dict((index, answer) for index, answer, _ in self.ask(names))
        return [answers[i] for i in range(len(names))]

    def looks(self, names):
        """The fields of each name's look."""
        answers = dict((index, answer) for index, answer, _ in self.ask(names, 16))
        return [dict(field.split("=", 1) for field in answers[i].split(" ")) for i in range(len(names))]


class Asking:
    """What has a server with a greylist, at self.port."""

    def codes(self, names):
        with Client(self.port) as client:
            return client.codes(names)

    def looks(self, names):
        with Client(self.port) as client:
            return client.looks(names)

    def start(self):
        """Until it knows all that is on the disk."""
        self.server.start()
        self.wait_until_loaded()

    def wait_until_loaded(self):
        self.server.wait_until(lambda: self.looks([name(self.zone)])[0]["why"] != "loading")



def answer_of(answer, at):
    """What the one record behind the question at the end says."""
    rcode, records = answer[3] & 15, struct.unpack_from("!H", answer, 6)[0]
    if rcode != 0 or records != 1:
        return f"rcode {rcode}, {records} records"
    kind, _, _, length = struct.unpack_from("!HHIH", answer, at + 2)  # behind a pointer to the name
    data = answer[at + 12:at + 12 + length]
    return socket.inet_ntoa(data) if kind == 1 else data[1:1 + data[0]].decode()


def triplets(random, count, zone, networks=None):
    """Names of as many triplets, each of a network of its own in 10.0.0.0/8 or 11.0.0.0/8 ... unless networks are given."""
    return [name(zone, f"{random.randrange(16, 100)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}",
                 f"{random.getrandbits(64):x}@sender.test", f"{random.getrandbits(32):x}@recipient.test")
            for _ in range(count)]


def avoid_new_window(delay):
    """What a network may make it may make in each window of delay + 15 minutes; a test of it wants to be within one."""
    while time.time() % (delay + 900) > delay + 900 - 10:
        time.sleep(0.1)


def resident_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def cpu_seconds(process):
    """That it has used since its start."""
    with open(f"/proc/{process.pid}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
