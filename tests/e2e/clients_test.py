#!/usr/bin/python3
"""What clients have to obey, asked of rblitzd with dig: the command lines of ISC's DNS compliance test (ednscomp), DNS cookies, and
limits on answers."""

import re
import socket
import subprocess
import unittest

import dns.message

from harness import Server, free_port, main

CONFIG = """
[server]
listen = ["127.0.0.1:{port}"]
state = "state"
[[feed]]
name = "f"
path = "f"
format = "cidr"
[[zone]]
name = "bl.example"
feeds = ["f"]
"""
SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf\n"
FEED = {"f": "192.0.2.1\n", "secret": SECRET, "second": "# two\n" + "01" * 16 + "\n" + SECRET}
LISTED = "1.2.0.192.bl.example"

# The words for dig, and what must be (or, after a !, must not be) in what it prints.
COMPLIANCE = [
    ("+noedns +noad +norec SOA", ["NOERROR", "SOA", "!EDNS"]),
    ("+noedns +noad +norec +aaflag SOA", ["NOERROR", "SOA"]),
    ("+noedns +ad +norec SOA", ["NOERROR", "flags: qr aa;"]),
    ("+noedns +noad +norec +cd SOA", ["NOERROR", "flags: qr aa;"]),
    ("+noedns +noad +rec SOA", ["NOERROR", "flags: qr aa rd;"]),
    ("+noedns +noad +norec +zflag SOA", ["NOERROR", "flags: qr aa;", "!MBZ"]),
    ("+noedns +noad +norec +header-only +opcode=15", ["NOTIMP", "opcode: RESERVED15", "QUERY: 0, ANSWER: 0"]),
    ("+noedns +noad +norec TYPE666", ["NOERROR", "ANSWER: 0"]),
    ("+edns=0 +nocookie +noad +norec SOA", ["NOERROR", "EDNS: version: 0, flags:;"]),
    ("+edns=1 +noednsneg +nocookie +noad +norec SOA", ["BADVERS", "EDNS: version: 0", "ANSWER: 0"]),
    ("+edns=0 +nocookie +noad +norec +dnssec +ignore +bufsize=512 DNSKEY", ["NOERROR", "flags: do;"]),
    ("+edns=0 +nocookie +noad +norec +ednsopt=100 SOA", ["NOERROR", "SOA", "!OPT=100"]),
    ("+edns=1 +noednsneg +nocookie +noad +norec +ednsopt=100 SOA", ["BADVERS", "!OPT=100"]),
    ("+edns=0 +nocookie +noad +norec +dnssec SOA", ["NOERROR", "flags: do;"]),
    ("+edns=1 +noednsneg +nocookie +noad +norec +dnssec SOA", ["BADVERS"]),
    ("+edns=0 +nocookie +noad +norec +ednsflags=0x0080 SOA", ["NOERROR", "flags:;", "!MBZ"]),
    ("+edns=0 +noad +norec +nsid +subnet=0.0.0.0/0 +expire +cookie=0102030405060708 SOA",
     ["NOERROR", "!NSID", "!CLIENT-SUBNET", "!EXPIRE"]),
    ("+edns=1 +noednsneg +noad +norec +cookie=0102030405060708 SOA", ["BADVERS", "!COOKIE"]),
]


class Clients(unittest.TestCase):
    def serve(self, rules=""):
        self.port = free_port()
        return self.enterContext(Server(CONFIG.format(port=self.port) + rules, FEED))

    def dig(self, words, name="bl.example"):
        return subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "+tries=1", "+time=5", *words.split(), name],
                              capture_output=True, text=True, timeout=30).stdout

    def check(self, words, wanted):
        said = self.dig(words)
        for text in wanted:
            (self.assertNotIn if text[0] == "!" else self.assertIn)(text.lstrip("!"), said, words)

    def test_the_compliance_test_is_passed(self):
        self.serve()
        for words, wanted in COMPLIANCE:
            with self.subTest(words=words):
                self.check(words, wanted)
        self.assertNotIn("COOKIE", self.dig("+cookie SOA"))

    def test_the_compliance_test_is_passed_with_cookies(self):
        self.serve("[cookies]\nenabled = true\n")
        for words, wanted in COMPLIANCE:
            with self.subTest(words=words):
                self.check(words, wanted)
        self.assertIn("(good)", self.dig("+cookie SOA"))

    def test_required_cookies_are_learned_and_survive_a_change_of_the_secret(self):
        server = self.serve('[cookies]\nenabled = true\nsecret_file = "secret"\nrequire = true\n')
        self.assertIn("BADCOOKIE", self.dig("+cookie=0102030405060708 +nobadcookie A", LISTED))
        said = self.dig("+cookie +badcookie A", LISTED)
        self.assertIn("127.0.0.2", said)
        cookie = re.search(r"COOKIE: ([0-9a-f]{48}) \(good\)", said).group(1)
        self.assertIn(f"COOKIE: {cookie}", self.dig(f"+cookie={cookie} A", LISTED))
        self.assertIn("127.0.0.2", self.dig("+nocookie A", LISTED))
        server.write("secret", FEED["second"])
        self.assertEqual(server.rblitz("reload").returncode, 0)
        said = self.dig(f"+cookie={cookie} A", LISTED)
        self.assertIn("127.0.0.2", said)
        self.assertNotIn(f"COOKIE: {cookie}", said)
        server.write("secret", "no secret\n")
        refused = server.rblitz("reload")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("secret:1: a secret is 32 hexadecimal digits", refused.stderr)
        self.assertIn("127.0.0.2", self.dig(f"+cookie={cookie} A", LISTED))
        cookies = server.check_sums(self)["cookies"]
        self.assertGreaterEqual(cookies["valid"], 4)
        self.assertGreaterEqual(cookies["client_only"], 2)

    def test_answers_are_limited_and_counted(self):
        server = self.serve("[rate_limit]\nresponses_per_second = 1\nslip = 1\n")
        question = dns.message.make_query(LISTED, "A").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(30)
            for _ in range(50):
                client.sendto(question, ("127.0.0.1", self.port))
            answers = [client.recv(512) for _ in range(50)]
        self.assertTrue(any(answer[2] & 2 for answer in answers), "TC")
        stats = server.check_sums(self)
        self.assertGreater(stats["rate_limit"]["slipped"], 0)
        server.wait_for_log("event=rate_limited network=127.0.0.0/24")


if __name__ == "__main__":
    main()
