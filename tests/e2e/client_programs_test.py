#!/usr/bin/python3
"""Every client that people ask a blocklist with, against a server on port 53 of a network namespace."""

import re
import unittest

from harness import Server, main, namespace
from peers import FILES, Matrix, config, etc, missing, run_in

PROGRAMS = ("dig", "kdig", "host", "nslookup", "drill", "getent", "dnsperf")
LISTED, UNLISTED = "10.2.0.192.bl.example.com", "11.2.0.192.bl.example.com"
LISTED6 = "1." + "0." * 19 + "d.a.b.0.8.b.d.0.1.0.0.2.bl.example.com"
NAME, OTHER_NAME = "www.spam.example.dbl.example.com", "ham.example.dbl.example.com"
CASES = {"listed": (LISTED, "A", "127.0.0.2"), "unlisted": (UNLISTED, "A", None), "TXT": (LISTED, "TXT", "why 192.0.2.10 is listed"),
         "IPv6": (LISTED6, "A", "127.0.0.3"), "name": (NAME, "A", "127.0.1.2"), "other name": (OTHER_NAME, "A", None)}
DNSPYTHON = """
import sys, dns.resolver
try: print(*dns.resolver.resolve(sys.argv[1], sys.argv[2]))
except dns.resolver.NXDOMAIN: print("NXDOMAIN")
"""
# How each is started (name and type follow), and what it prints where there is nothing.
CLIENTS = {
    "dig": (["dig"], "NXDOMAIN"), "dig +tcp": (["dig", "+tcp"], "NXDOMAIN"), "dig -6": (["dig", "@::1"], "NXDOMAIN"),
    "dig +noedns": (["dig", "+noedns"], "NXDOMAIN"), "dig +dnssec": (["dig", "+dnssec", "+cookie"], "NXDOMAIN"),
    "kdig": (["kdig"], "NXDOMAIN"), "kdig +tcp": (["kdig", "+tcp"], "NXDOMAIN"), "drill": (["drill"], "NXDOMAIN"),
    "drill -t": (["drill", "-t"], "NXDOMAIN"), "dnspython": (["/usr/bin/python3", "-c", DNSPYTHON], "NXDOMAIN")}
TYPE_FIRST = {"host": (["host", "-t"], "NXDOMAIN"), "host -T": (["host", "-T", "-t"], "NXDOMAIN"),
              "nslookup": (["nslookup"], "NXDOMAIN"), "nslookup -vc": (["nslookup", "-vc"], "NXDOMAIN")}
matrix = Matrix()


def tearDownModule():
    matrix.show()


@unittest.skipIf(missing(*PROGRAMS), missing(*PROGRAMS))
class ClientPrograms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.space = cls.enterClassContext(namespace())
        cls.enterClassContext(etc(cls.space))
        listen = 'listen = ["127.0.0.1:53", "[::1]:53"]\nworkers = 2\n'
        cls.server = cls.enterClassContext(Server(config(listen), FILES, cls.space))

    def check_cases(self, program, command, nothing):
        for case, (name, rdtype, expected) in CASES.items():
            with matrix.case(self, program, case):
                done = run_in(self.space, *command(name, rdtype))
                self.assertIn(expected or nothing, done.stdout)
                self.assertNotRegex(done.stdout, r"(?i)malformed|mismatch|extra bytes|SERVFAIL|REFUSED")
                if not expected:
                    self.assertNotIn("127.0.1.2", done.stdout)

    def test_clients_that_take_a_name_and_a_type(self):
        for program, (command, nothing) in CLIENTS.items():
            self.check_cases(program, lambda name, rdtype: [*command, name, rdtype], nothing)

    def test_clients_that_take_a_type_and_a_name(self):
        for program, (command, nothing) in TYPE_FIRST.items():
            with_type = (lambda rdtype: [f"-type={rdtype}"]) if command[0] == "nslookup" else (lambda rdtype: [rdtype])
            self.check_cases(program, lambda name, rdtype: [*command, *with_type(rdtype), name], nothing)

    def test_getent_through_the_c_library(self):
        for case, (name, rdtype, expected) in CASES.items():
            if rdtype == "A":
                with matrix.case(self, "getent", case):
                    done = run_in(self.space, "getent", "ahosts", name + ".")
                    self.assertEqual(done.returncode, 0 if expected else 2, done.stdout)
                    self.assertEqual(set(re.findall(r"^\S+", done.stdout, re.M)), {expected} if expected else set())

    def test_kdig_asks_many_questions_on_one_connection(self):
        with matrix.case(self, "kdig +tcp", "+keepopen"):
            names = [f"{i}.100.51.198.bl.example.com" for i in range(100)]
            done = run_in(self.space, "kdig", "+tcp", "+keepopen", "+short", *names)
            self.assertEqual(done.stdout.split(), 100 * ["127.0.0.2"])

    def test_dnsperf_gets_every_answer_and_both_workers_are_busy(self):
        questions = self.server.folder / "questions"
        questions.write_text("".join(f"{name} {rdtype}\n" for name, rdtype, _ in CASES.values()))
        for program, more, busy in (("dnsperf", ["-c", "20"], [True, True, False]),
                                    ("dnsperf -m tcp", ["-m", "tcp", "-c", "4"], [False, False, True])):
            before = self.server.check_sums(self)
            with matrix.case(self, program, "1 s, all answers"):
                # Few at a time: a socket's buffer holds them all, however long the server is not scheduled.
                done = run_in(self.space, "dnsperf", "-d", questions, "-s", "127.0.0.1", "-l", "1", "-q", "40", "-t", "30", *more)
                sent, completed = (int(re.search(rf"Queries {word}: +(\d+)", done.stdout)[1]) for word in ("sent", "completed"))
                self.assertEqual(sent, completed, done.stdout)
                self.assertGreater(completed, 100)
                codes = re.search(r"Response codes: +(.*)", done.stdout)[1]
                self.assertRegex(codes, r"^NOERROR \d+ \(.*\), NXDOMAIN \d+ \(.*\)$")
            with matrix.case(self, program, "workers, all counted"):
                after = self.server.check_sums(self)
                shares = [now["answered"] - then["answered"] for now, then in zip(after["workers"], before["workers"])]
                # Two for UDP, over which the kernel spreads 20 sockets as it likes, but not all to one; the last for TCP.
                self.assertEqual([share > 0 for share in shares], busy, shares)
                self.assertEqual(sum(shares), completed, done.stdout)
                self.assertEqual(after["answered"] - before["answered"], completed)


if __name__ == "__main__":
    main()
