#!/usr/bin/python3
"""Postfix that asks rblitz-policyd that asks rblitzd, by docs/examples/peers/postfix-greylist-main.cf."""

import os
import re
import socketserver
import tempfile
import threading
import time
import unittest
from pathlib import Path

import grey
from harness import Server, inside, main, namespace
from peers import EXAMPLES, FOLDER, POSTFIX, USERS, Matrix, daemon, etc, missing, run_in, write_postfix
from policy import ZONE, Dns, Policyd, code

DELAY = 5
SERVERS_TIME = 2 * 0.4  # of both, after which mail passes
SLACK = 5  # for Postfix and swaks on a busy machine
# Mail that is let in stays in the queue, where it can be read. Who has authenticated is left to rblitz-policyd.
RESTRICTIONS = """smtpd_relay_restrictions = reject_unauth_destination
smtpd_data_restrictions = check_client_access static:HOLD
""" + (EXAMPLES / "postfix-greylist-main.cf").read_text().replace("permit_sasl_authenticated, ", "")
GREYLISTED = re.compile(r"(?m)^<\*\* 450 4\.2\.0 <[^>]*>: Recipient address rejected: Greylisted, try again in \d+ s$")
matrix = Matrix()


def tearDownModule():
    matrix.show()


class Spf(socketserver.StreamRequestHandler):
    """What a policy service that checks SPF says, such as policyd-spf with Mail_From_pass_restriction = grey_aligned."""

    def handle(self):
        sender = ""
        for line in self.rfile:
            if line.startswith(b"sender="):
                sender = line.decode().strip()
            if line == b"\n":
                action = "grey_aligned" if sender.endswith("@aligned.example") else "DUNNO"
                self.wfile.write(f"action={action}\n\n".encode())


@unittest.skipIf(missing(POSTFIX, "swaks"), missing(POSTFIX, "swaks"))
class PostfixAndPolicyd(unittest.TestCase):
    def setUp(self):
        self.space = self.enterContext(namespace())
        self.enterContext(etc(self.space, **USERS))
        config = grey.server_table(5300) + grey.greylist(ZONE, delay=f"{DELAY}s", window="1h", auto_whitelist=1)
        self.server = self.enterContext(Server(config, grey.FILES, self.space))
        # Nobody is at the first server's address: the second does its work.
        self.policyd = self.enterContext(Policyd({"servers": ["127.0.0.1:5299", "127.0.0.1:5300"], "timeout": "400ms"},
                                                 namespace=self.space))
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        self.folder.chmod(0o755)
        self.start_spf()
        write_postfix(self.folder, RESTRICTIONS.replace("10023", str(self.policyd.port))
                      .replace("unix:private/policyd-spf", "inet:127.0.0.1:10040"))
        self.enterContext(daemon(self.space, FOLDER / POSTFIX, "-c", self.folder, "start-fg", more_log=self.log,
                                 ready=lambda: "daemon started" in self.log(), pid_file=self.folder / "queue/pid/master.pid"))

    def start_spf(self):
        with inside(self.space):
            spf = socketserver.ThreadingTCPServer(("127.0.0.1", 10040), Spf)
        spf.daemon_threads = True
        threading.Thread(target=spf.serve_forever, daemon=True).start()
        self.addCleanup(spf.server_close)
        self.addCleanup(spf.shutdown)

    def log(self):
        path = self.folder / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def say(self, client, sender, recipients="bob@mail.example.net", login="", whole=False):
        """What was said. `whole`: the mail too, not only the envelope."""
        xclient = f"ADDR={client}" + (f" LOGIN={login}" if login else "")
        return run_in(self.space, "swaks", "--server", "127.0.0.1", "--helo", "client.example.org", "--xclient", xclient, "--from", sender,
                      "--to", recipients, *([] if whole else ["--quit-after", "RCPT"])).stdout

    def deferred(self, *arguments, **options):
        return len(GREYLISTED.findall(self.say(*arguments, **options)))

    def wait_until_in_time(self, client, sender, **options):
        end = time.monotonic() + 60
        while (said := self.say(client, sender, **options)) and GREYLISTED.search(said):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.2)
        return said

    def assert_passes_in_time(self, client):
        unanswered = self.policyd.counters()["unanswered"]
        begin = time.monotonic()
        self.assertEqual(self.deferred(client, "new@example.net"), 0)
        self.assertLess(time.monotonic() - begin, SERVERS_TIME + SLACK)
        self.assertGreater(self.policyd.counters()["unanswered"], unanswered)

    def other_server(self, behave):
        """In the place of rblitzd."""
        with inside(self.space):
            return Dns(behave, port=5300)

    @staticmethod
    def late(question, _):
        time.sleep(2 * SERVERS_TIME)
        return [code(question, 4)]

    @staticmethod
    def garbage(question, _):
        return [b"", os.urandom(600), question, code(question, 4)[:-3], bytes([question[0] ^ 255]) + code(question, 4)[1:]]

    def headers(self, said):
        """How many X-Greylist the mail has that was let in so."""
        name = re.search(r"queued as (\w+)", said)
        self.assertIsNotNone(name, said + self.log())
        return (self.folder / "queue/hold" / name[1]).read_bytes().count(b"X-Greylist: delayed ")

    def test_what_becomes_of_mail(self):
        case = lambda name: matrix.case(self, "Postfix", name)
        alice = "192.0.2.10", "alice@example.com"
        with case("defer"):
            self.assertEqual(self.deferred(*alice), 1)
            begin = time.monotonic()
        with case("too early"):
            again = self.deferred(*alice)
            if time.monotonic() - begin < DELAY - 1:
                self.assertEqual(again, 1)
        for client, sender, recipients in (("192.0.3.10", "a@aligned.example", "bob@mail.example.net"),
                                           ("192.0.4.10", "", "bob@mail.example.net"),
                                           ("192.0.5.10", "several@example.com", "x@mail.example.net,y@mail.example.net")):
            self.assertEqual(self.deferred(client, sender or "<>", recipients), 1 + recipients.count(","))
        all_asked = time.monotonic()
        with case("in time, header once"):
            said = self.wait_until_in_time(*alice, whole=True)
            self.assertEqual(self.headers(said), 1)
        with case("known, no header"):
            self.assertEqual(self.headers(self.say(*alice, whole=True)), 0)
        with case("auto-whitelisted"):
            self.assertEqual(self.deferred("192.0.2.10", "another@example.net"), 0)
            self.assertEqual(self.deferred("192.0.2.11", "another@example.net"), 1)
        with case("authenticated"):
            self.assertEqual(self.deferred("192.0.9.1", "joe@example.net", login="joe"), 0)
            self.assertEqual(self.policyd.counters()["authenticated"], 1)
        with case("null sender"):
            self.assertEqual(self.headers(self.wait_until_in_time("192.0.4.10", "<>", whole=True)), 1)
        with case("several recipients"):
            while time.monotonic() < all_asked + DELAY + 1.1:  # the server counts whole seconds
                time.sleep(0.1)
            said = self.say("192.0.5.10", "several@example.com", "new@mail.example.net,x@mail.example.net,y@mail.example.net", whole=True)
            self.assertEqual(GREYLISTED.findall(said), ["<** 450 4.2.0 <new@mail.example.net>: Recipient address rejected: "
                                                        f"Greylisted, try again in {DELAY} s"])
            self.assertEqual(self.headers(said), 1)
        with case("aligned, other network"):
            self.assertEqual(self.deferred("198.51.100.10", "a@aligned.example"), 0)
            self.assertEqual(self.deferred("198.51.100.11", "alice@example.com"), 1)
        with case("extensions"):
            self.assertEqual(self.deferred("192.0.2.12", "alice+17@example.com", "bob+x@mail.example.net"), 0)
        with case("server down: passes in time"):
            self.assertEqual(self.server.stop(), 0)
            self.assert_passes_in_time("192.0.8.1")
        with case("slow server: passes in time"), self.other_server(self.late):
            self.assert_passes_in_time("192.0.8.4")
        with case("garbage server: passes in time"), self.other_server(self.garbage):
            self.assert_passes_in_time("192.0.8.5")
        with case("server back: defers"):
            self.server.start()
            end = time.monotonic() + 60
            while self.deferred("192.0.8.2", f"{time.monotonic_ns()}x@example.net") == 0:
                self.assertLess(time.monotonic(), end)
        with case("policyd down: passes"):
            self.assertEqual(self.policyd.stop(), 0)
            self.assertEqual(self.deferred("192.0.8.3", "new@example.net"), 0)
        self.assertNotIn("Server configuration", self.log())


if __name__ == "__main__":
    main()
