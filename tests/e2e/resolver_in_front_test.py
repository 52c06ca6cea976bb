#!/usr/bin/python3
"""unbound between clients and the server: minimised and mixed-case questions, as a mail server's own resolver sends them."""

import re
import tempfile
import unittest
from pathlib import Path

from harness import Server, main, namespace
from peers import EXAMPLES, FILES, FOLDER, Matrix, config, daemon, etc, missing, run_in

UNBOUND = "usr/sbin/unbound"
LISTED6 = ".".join(reversed("20010db80bad" + "0" * 19 + "1"))
OTHER6 = ".".join(reversed("20010db80bae" + "0" * 19 + "1"))
CASES = {"listed": ("10.2.0.192.bl", "A", "127.0.0.2"), "in a network": ("9.100.51.198.bl", "A", "127.0.0.2"),
         "unlisted": ("11.2.0.192.bl", "A", None), "far from all": ("1.113.0.203.bl", "A", None),
         "TXT": ("10.2.0.192.bl", "TXT", '"why 192.0.2.10 is listed"'), "IPv6": (f"{LISTED6}.bl", "A", "127.0.0.3"),
         "IPv6 unlisted": (f"{OTHER6}.bl", "A", None), "name": ("a.b.spam.example.dbl", "A", "127.0.1.2"),
         "other name": ("spam.example.org.dbl", "A", None), "allow list": ("7.100.51.198.wl", "A", "127.0.0.1")}
matrix = Matrix()


def tearDownModule():
    matrix.show()


@unittest.skipIf(missing(UNBOUND, "dig"), missing(UNBOUND, "dig"))
class ResolverInFront(unittest.TestCase):
    def setUp(self):
        self.space = self.enterContext(namespace())
        self.enterContext(etc(self.space))
        self.server = self.enterContext(Server(config('listen = ["127.0.0.53:53"]\n'), FILES, self.space))
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        (folder / "unbound.conf").write_text(f"""
server:
    interface: 127.0.0.1
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    num-threads: 1
include: "{EXAMPLES}/unbound.conf"
""")
        self.enterContext(daemon(self.space, FOLDER / UNBOUND, "-d", "-c", folder / "unbound.conf",
                                 ready=lambda: "status:" in self.dig("test.bl.example.com", "A")))

    def dig(self, name, rdtype):
        return run_in(self.space, "dig", "+tries=1", "+timeout=20", name, rdtype).stdout

    def test_strict_minimisation_and_mixed_case(self):
        # Twice: what unbound learnt from the first answers, NXDOMAIN above all, must not change the second ones.
        for program in ("unbound", "unbound, again"):
            for case, (name, rdtype, expected) in CASES.items():
                with matrix.case(self, program, case):
                    answer = self.dig(f"{name}.example.com", rdtype)
                    self.assertIn("status: NOERROR" if expected else "status: NXDOMAIN", answer)
                    if expected:
                        self.assertRegex(answer, rf"\sIN\s+{rdtype}\s+{re.escape(expected)}\n")

    def test_an_address_that_could_be_nibbles_is_not_listed(self):
        with matrix.case(self, "unbound", "9.0.1.1"):
            # Also the top of 9011::/16, below which something may lie: no data rather than NXDOMAIN in a zone of both families.
            answer = self.dig("1.1.0.9.bl.example.com", "A")
            self.assertIn("status: NOERROR", answer)
            self.assertIn("ANSWER: 0,", answer)

    def test_unlisted_neighbours_hide_no_listed_address(self):
        with matrix.case(self, "unbound", "neighbours"):
            for last in range(4, 14):
                self.assertIn(f"status: {'NOERROR' if last == 10 else 'NXDOMAIN'}", self.dig(f"{last}.2.0.192.bl.example.com", "A"))
            self.server.check_sums(self)
            self.assertGreater(self.server.json("stats")["answered"], 10)


if __name__ == "__main__":
    main()
