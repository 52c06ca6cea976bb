#!/usr/bin/python3
"""check_client must see lies: a small server that answers right, or wrong in one known way, is asked and the counts compared.

Usage: check_client_test.py CHECK_CLIENT
"""

import ipaddress
import json
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

CLIENT = None
ZONE = b"\x02bl\x07example\x03com\x00"
LISTED = ["192.0.2.1", "198.51.100.0/28", "203.0.113.9 127.0.0.4 127.0.0.9"]
EITHER = ["100.64.0.0/24"]


def truth(address):
    """The A values of an address; None where both truths are allowed."""
    ip = ipaddress.ip_address(address)
    if ip in ipaddress.ip_network("100.64.0.0/24"):
        return None
    if ip in ipaddress.ip_network("198.51.100.0/28") or str(ip) == "192.0.2.1":
        return ["127.0.0.2"]
    return ["127.0.0.9", "127.0.0.4"] if str(ip) == "203.0.113.9" else []


def asked(query):
    """The address in a query and where its question ends."""
    octets, at = [], 12
    for _ in range(4):
        octets.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    assert query[at:at + len(ZONE)].lower() == ZONE, query
    return bytes(int(o) for o in reversed(octets)), at + len(ZONE) + 4


def answer(query, values, rcode=None):
    _, end = asked(query)
    rcode = (0 if values else 3) if rcode is None else rcode
    records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(v) for v in values)
    return query[:2] + struct.pack(">HHHHH", 0x8400 | rcode, 1, len(values), 0, 0) + query[12:end] + records


class Server(threading.Thread):
    """Gives every query to `behave(number, query, values)`, which returns the datagrams to send."""

    def __init__(self, behave):
        super().__init__(daemon=True)
        self.behave = behave
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)  # a busy machine may hold this thread up
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.number = 0
        self.affected = 0
        self.stopped = False

    def run(self):
        while not self.stopped:
            try:
                query, client = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            values = truth(asked(query)[0])
            if values is None:
                values = ["127.0.0.2"] if self.number % 2 else []
            for datagram in self.behave(self, query, values):
                self.socket.sendto(datagram, client)
            self.number += 1

    def tenth(self):
        """True for every tenth query, which it counts."""
        if self.number % 10:
            return False
        self.affected += 1
        return True


class CheckClient(unittest.TestCase):
    def ask(self, behave, *options, listed=LISTED, either=EITHER):
        """Runs the client against a server that behaves so; returns its exit code, its counts, and the server."""
        server = Server(behave)
        server.start()
        with tempfile.TemporaryDirectory() as folder:
            arguments = []
            for name, lines in (("--listed", listed), ("--either", either)):
                if lines:
                    path = Path(folder) / name.strip("-")
                    path.write_text("# addresses\n" + "\n".join(lines) + "\n")
                    arguments += [name, path]
            done = subprocess.run([CLIENT, "--server", f"127.0.0.1:{server.port}", "--zone", "bl.example.com", "--rate", "1000",
                                   "--seconds", "0.5", "--timeout-ms", "3000", "--json", *arguments, *options],
                                  capture_output=True, text=True, timeout=60)
        server.stopped = True
        server.join()
        server.socket.close()
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr, server

    def expect_wrong(self, lie):
        """`lie` makes the datagrams of every tenth query: exactly those must be found wrong."""
        code, counts, server = self.ask(lambda s, q, v: lie(q, v) if s.tenth() else [answer(q, v)])
        self.assertEqual(code, 1)
        self.assertGreater(server.affected, 3)
        self.assertEqual((counts["wrong"], counts["lost"]), (server.affected, 0), counts)
        self.assertGreater(len(counts["mistakes"]), 0)

    def test_right_answers_are_right(self):
        code, counts, _ = self.ask(lambda s, q, v: [answer(q, v)], "--no-loss")
        self.assertEqual(code, 0, counts)
        self.assertGreater(counts["sent"], 50)
        self.assertEqual((counts["answered"], counts["wrong"], counts["lost"], counts["late"]), (counts["sent"], 0, 0, 0))
        self.assertLess(counts["latency_us"]["p50"], 1_000_000)
        self.assertLessEqual(counts["latency_us"]["p99"], counts["latency_us"]["max"])

    def test_a_wrong_value_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, ["127.0.0.77"])])

    def test_a_value_too_many_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, v + ["127.0.0.77"])])

    def test_listed_and_unlisted_swapped_is_found(self):
        code, counts, _ = self.ask(lambda s, q, v: [answer(q, [] if v else ["127.0.0.2"])], either=None)
        self.assertEqual((code, counts["wrong"]), (1, counts["sent"]), counts)

    def test_a_wrong_rcode_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, [], rcode=2)])

    def test_nodata_for_an_address_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, [], rcode=0)])

    def test_a_truncated_datagram_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, ["127.0.0.2"])[:-3]])

    def test_a_changed_question_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, v)[:13] + b"x" + answer(q, v)[14:]])

    def test_folded_case_is_found(self):
        code, counts, _ = self.ask(lambda s, q, v: [q[:2] + answer(q, v)[2:12] + answer(q, v)[12:].lower()])
        self.assertEqual(code, 1)
        self.assertGreater(counts["wrong"], 0.9 * counts["sent"])

    def test_a_missing_authority_flag_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, v)[:2] + b"\x80" + answer(q, v)[3:]])

    def test_an_answer_given_twice_is_found(self):
        self.expect_wrong(lambda q, v: [answer(q, v)] * 2)

    def test_what_is_not_answered_is_lost(self):
        behave = lambda s, q, v: [] if s.tenth() else [answer(q, v)]
        code, counts, server = self.ask(behave, "--timeout-ms", "1000")
        self.assertEqual((code, counts["wrong"], counts["lost"]), (0, 0, server.affected), counts)
        self.assertEqual(counts["sent"], counts["answered"] + counts["lost"])
        self.assertEqual(self.ask(behave, "--timeout-ms", "300", "--no-loss")[0], 1)

    def test_what_comes_after_the_timeout_is_late(self):
        def behave(server, query, values):
            if server.number == 20:
                time.sleep(0.5)
            return [answer(query, values)]
        code, counts, _ = self.ask(behave, "--seconds", "1.5", "--timeout-ms", "100", "--no-loss")
        self.assertEqual((code, counts["wrong"]), (1, 0), counts)
        self.assertGreater(counts["late"] + counts["lost"], 10)
        self.assertGreater(counts["latency_us"]["max"], 100_000)

    def test_no_answer_at_all_is_no_success(self):
        code, counts, _ = self.ask(lambda s, q, v: [], "--timeout-ms", "300", "--no-loss")
        self.assertEqual((code, counts["answered"], counts["lost"]), (1, 0, counts["sent"]))

    def test_contradicting_or_broken_lists_are_refused(self):
        for listed in (["192.0.2.1", "192.0.2.0/24"], ["192.0.2.1/24"], ["192.0.2"], ["192.0.2.1 127"], ["1.2.3.4/33"], []):
            with self.subTest(listed=listed):
                code, message, _ = self.ask(lambda s, q, v: [], listed=listed or ["#"])
                self.assertEqual(code, 1)
                self.assertIn("check_client: ", message)

    def test_wrong_usage_exits_with_two(self):
        for arguments in ([], ["--zone", "bl"], ["--server", "127.0.0.1:0", "--zone", "bl"], ["--rate", "x"], ["--unknown"],
                          ["--server", "127.0.0.1:53", "--zone", "bl", "--rate", "1000000", "--sockets", "1"]):
            with self.subTest(arguments=arguments):
                done = subprocess.run([CLIENT, *arguments], capture_output=True, text=True)
                self.assertEqual(done.returncode, 2)
                self.assertNotEqual(done.stderr, "")

    def test_help_exits_with_zero(self):
        self.assertIn("--no-loss", subprocess.run([CLIENT, "--help"], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    CLIENT = sys.argv[1]
    unittest.main(verbosity=2, argv=sys.argv[:1])
