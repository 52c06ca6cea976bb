#!/usr/bin/python3
"""A zone that has joined its feeds, one that has not, and what reloads of single feeds, overrides and a restart do to them: both
answer what the feeds say, at every moment."""

import random
import socket
import unittest

import dns.message
import dns.rcode

from harness import Server, free_port, main

PORT = free_port()
FEEDS = ("a", "b", "c", "d")
SIZES = {"a": 300, "b": 250, "c": 200, "d": 40}  # d has little
CONFIG = f"""
[server]
io = "kernel"
listen = ["127.0.0.1:{PORT}"]
state = "state"
""" + "".join(f"""
[[feed]]
name = "{feed}"
path = "{feed}.txt"
format = "cidr"
a = "127.0.0.{10 + at}"
check = "0"
""" for at, feed in enumerate(FEEDS)) + """
[[zone]]
name = "one.test"
feeds = ["a", "b", "c", "d"]
[[zone]]
name = "apart.test"
feeds = ["a", "b", "c", "d"]
join = false
"""


def ask(client, zone, hosts):
    """The A values of 198.51.0.0/16's hosts, asked all at once."""
    for host in hosts:
        question = dns.message.make_query(f"{host & 255}.{host >> 8}.51.198.{zone}", "A", id=host)
        client.send(question.to_wire())
    answers = {}
    while len(answers) < len(hosts):
        answer = dns.message.from_wire(client.recv(1500))
        assert answer.rcode() == (dns.rcode.NOERROR if answer.answer else dns.rcode.NXDOMAIN)
        answers[answer.id] = sorted(str(record) for rrset in answer.answer for record in rrset)
    return answers


class Joined(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(7)
        self.listed = {feed: self.draw(feed) for feed in FEEDS}
        self.server = self.enterContext(Server(CONFIG, {f"{feed}.txt": self.text(feed) for feed in FEEDS}))
        self.client = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.client.connect(("127.0.0.1", PORT))
        self.client.settimeout(5)

    def draw(self, feed):
        return set(self.random.sample(range(1024), SIZES[feed]))

    def text(self, feed):
        return "".join(f"198.51.{host >> 8}.{host & 255}\n" for host in sorted(self.listed[feed]))

    def expect_right(self, more=()):
        for zone in ("one.test", "apart.test"):
            for first in range(0, 1024, 64):
                hosts = range(first, first + 64)
                wanted = {host: sorted([f"127.0.0.{10 + at}" for at, feed in enumerate(FEEDS) if host in self.listed[feed]] +
                                       (["127.0.0.77"] if host in more else [])) for host in hosts}
                self.assertEqual(ask(self.client, zone, hosts), wanted)

    def joined(self):
        zones = {zone["name"]: zone["joined"] for zone in self.server.json("status")["zones"]}
        self.assertEqual(zones["apart.test"], {"feeds": [], "bytes": 0})
        self.assertEqual(zones["one.test"]["bytes"] > 0, bool(zones["one.test"]["feeds"]))
        return zones["one.test"]["feeds"]

    def reload(self, feed):
        self.listed[feed] = self.draw(feed)
        self.server.write(f"{feed}.txt", self.text(feed))
        self.assertEqual(self.server.rblitz("reload", feed).returncode, 0)

    def test_answers_what_its_feeds_say_whatever_changes(self):
        self.assertEqual(self.joined(), ["a", "b", "c", "d"])
        self.assertIn("one.test: has joined a, b, c, d in a table of ", self.server.rblitz("status").stdout)
        self.expect_right()
        for _ in range(3):
            self.reload("d")
            self.assertEqual(self.joined(), ["a", "b", "c"], "one with little that changes is asked for itself")
            self.expect_right()
        self.reload("a")
        self.assertEqual(self.joined(), ["a", "b", "c", "d"], "much has changed")
        self.expect_right()
        for _ in range(10):
            self.reload(self.random.choice(FEEDS))
            self.expect_right()

    def test_what_is_added_counts_beside(self):
        hosts = [1, 500, 1023]
        for host in hosts:
            added = self.server.rblitz("list", "add", f"198.51.{host >> 8}.{host & 255}", "--a", "127.0.0.77")
            self.assertEqual(added.returncode, 0, added.stderr)
        self.assertEqual(self.joined(), ["a", "b", "c", "d"])
        self.expect_right(hosts)
        self.reload("d")
        self.assertEqual(self.joined(), ["a", "b", "c"])
        self.expect_right(hosts)
        # A name in a zone of addresses: while it is there all are asked as names may be.
        for step in ("add", "forget"):
            done = self.server.rblitz("list", step, "spam.example", "--zone", "one.test")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.expect_right(hosts)
            self.assertEqual(self.joined(), ["a", "b", "c"], step)


if __name__ == "__main__":
    main()
