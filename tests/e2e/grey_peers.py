"""What every mail server must do that asks a greylist, and a relay between them and the server that notes what they ask.

In a network namespace: the mail server asks the relay at 127.0.0.53, itself or through unbound at 127.0.0.1; the relay asks rblitzd.
"""

import socket
import struct
import tempfile
import threading
import time
import unittest
from pathlib import Path

import grey
from grey import DEFER, KNOWN, MATURED, WHITELISTED, greylist
from harness import Server, inside, namespace
from peers import EXAMPLES, FOLDER, daemon, etc, run_in

ZONE = "grey.example.com"
RELAY, SERVER, UNBOUND = "127.0.0.53", "127.0.0.54", "usr/sbin/unbound"
A, TXT = 1, 16
VECTOR = ("cac03031d808b1e889167915256e0703.5190f9ee3f5ecffd1ae44410eba1d525.4.2.0.192." + ZONE, "192.0.2.4", "Alice@Example.com",
          "bob@test")
# Who must have passed by then has not been kept waiting by a server that is silent.
IN_TIME = 20


def question_of(message):
    """(name, type)."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode(errors="replace"))
        at += 1 + message[at]
    return ".".join(labels), struct.unpack_from("!H", message, at + 1)[0]


class Relay:
    """`with Relay(space) as relay`: `relay.asked` has (name, type, address) of what was asked of the zone, "" where there is none."""

    def __init__(self, space):
        self.asked = []
        self.seconds = 0  # that each answer of the zone takes
        self.silent = False  # on the zone
        self.ended = False
        with inside(space):
            self.front, self.back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
            self.front.bind((RELAY, 53))
            self.back.connect((SERVER, 53))
        self.front.settimeout(0.05)
        self.back.settimeout(10)
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        self.front.close()
        self.back.close()

    def run(self):
        while not self.ended:
            try:
                question, client = self.front.recvfrom(4096)
            except TimeoutError:
                continue
            name, kind = question_of(question)
            is_ours = name.lower().endswith(ZONE)
            if is_ours and self.silent:
                continue
            time.sleep(self.seconds if is_ours else 0)
            self.back.send(question)
            answer = self.back.recv(4096)
            if is_ours:
                code = grey.answer_of(answer, len(name) + 18) if kind == A and answer[6:8] == b"\0\1" else ""
                self.asked.append((name, kind, code))
            self.front.sendto(answer, client)

    def answers(self):
        """(name, code) of what was asked since the last call. Of what came more than once the first: unbound asks the last of its
        minimised questions again, any resolver when an answer is late."""
        asked, self.asked = self.asked, []
        firsts = {}
        for name, kind, code in asked:
            if kind == A and code:
                firsts.setdefault(name.lower(), (name, code))
        return list(firsts.values())

    def codes(self):
        return [code for _, code in self.answers()]

    def names(self):
        return [name for name, _ in self.answers()]


class MailServer(unittest.TestCase):
    """Has a server, a relay, and `self.space`. What stands below has `deliver`; `through_unbound` says who is the resolver."""

    through_unbound = False
    files = {}  # of /etc

    def setUp(self):
        self.space = self.enterContext(namespace())
        resolver = "127.0.0.1" if self.through_unbound else RELAY
        self.enterContext(etc(self.space, **self.files | {"resolv_conf": f"nameserver {resolver}\n"}))
        self.server = self.enterContext(Server(self.config(), grey.FILES, self.space))
        (self.server.folder / "grey.key").chmod(0o600)
        self.relay = self.enterContext(Relay(self.space))
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        self.folder.chmod(0o755)  # daemons that are no longer root look in
        if self.through_unbound:
            self.start_unbound()

    def start_unbound(self):
        (self.folder / "unbound.conf").write_text(f"""
server:
    interface: 127.0.0.1
    username: ""
    chroot: ""
    directory: "{self.folder}"
    pidfile: ""
    use-syslog: no
    num-threads: 1
    qname-minimisation-strict: yes
    use-caps-for-id: yes
    cache-min-ttl: 3600
    serve-expired: yes
include: "{EXAMPLES}/unbound-greylist.conf"
""")
        # Once it asks: before it listens, dig is refused.
        ready = lambda: "status: NOERROR" in run_in(self.space, "dig", "+tries=1", "+timeout=20", "@127.0.0.1", ZONE, "SOA").stdout
        self.enterContext(daemon(self.space, FOLDER / UNBOUND, "-d", "-c", self.folder / "unbound.conf", ready=ready))

    @staticmethod
    def config(delay="1h", auto_whitelist=0):
        return (f'[server]\nio = "kernel"\nlisten = ["{SERVER}:53"]\nstate = "state"\n' +
                greylist(ZONE, delay=delay, auto_whitelist=auto_whitelist))

    def set(self, **keys):
        self.server.write("rblitz.toml", self.config(**keys))
        done = self.server.rblitz("reload")
        self.assertEqual(done.returncode, 0, done.stderr)

    def why(self, *mail):
        return self.server.json("grey", "lookup", *mail)["why"]

    def deliver(self, client, sender, *recipients, user=""):
        """For each recipient: whether it was deferred. Fails where it was neither deferred nor accepted."""
        raise NotImplementedError

    def check_delivery(self, mail, *codes):
        """One recipient; what it was answered by rblitzd, and is dealt with accordingly."""
        self.relay.codes()
        self.assertEqual(self.deliver(*mail), [codes[0] == DEFER] if codes else [False])
        self.assertEqual(self.relay.codes(), list(codes))

    def mature(self, *mail):
        self.set(delay="1s", auto_whitelist=0)
        self.server.wait_until(lambda: self.why(*mail) == "matured")

    def check_life(self, case):
        """`case(name)`: the context of one case."""
        mail = ("192.0.2.4", "Alice@Example.com", "bob@test")
        with case("defer"):
            self.check_delivery(mail, DEFER)
            self.assertEqual(self.why(*mail), "early")
        with case("too early"):
            self.check_delivery(mail, DEFER)
        with case("in time"):
            self.mature(*mail)
            self.check_delivery(mail, MATURED)
        with case("known"):
            self.set()
            self.check_delivery(("192.0.2.99", *mail[1:]), KNOWN)
        with case("IPv6"):
            self.check_delivery(("2001:db8::7", *mail[1:]), DEFER)
            self.check_delivery(("2001:db8:1::7", *mail[1:]), DEFER)
            self.assertEqual(self.why("2001:db8::8", *mail[1:]), "early")
        with case("auto-whitelist"):
            first, second = ("198.51.100.1", "a@x.example", "bob@test"), ("198.51.100.1", "b@y.example", "carol@test")
            self.check_delivery(first, DEFER)
            self.mature(*first)
            self.set(delay="1s", auto_whitelist=1)
            self.check_delivery(first, MATURED)
            self.set(delay="1h", auto_whitelist=1)
            self.check_delivery(second, WHITELISTED)
            self.set()

    def check_the_name(self):
        self.relay.answers()
        self.assertEqual(self.deliver(*VECTOR[1:]), [True])
        names = self.relay.names()
        # In mixed case by unbound (use-caps-for-id).
        self.assertEqual([name.lower() for name in names] if self.through_unbound else names, [VECTOR[0]])

    def check_trouble(self, case):
        mail = ("203.0.113.1", "a@x.example", "bob@test")
        with case("slow server"):
            # Minimised questions are ten in turn.
            self.relay.seconds = 0.05 if self.through_unbound else 0.4
            self.assertEqual(self.deliver(*mail), [True])
            self.relay.seconds = 0
        with case("server down"):
            self.relay.silent = True
            began = time.monotonic()
            self.assertEqual(self.deliver(*mail), [False])
            self.assertLess(time.monotonic() - began, IN_TIME)
            self.relay.silent = False
