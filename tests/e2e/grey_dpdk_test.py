#!/usr/bin/python3
"""A greylist asked over a DPDK port, in a network namespace of the test's own."""

import socket
import struct
import subprocess
import unittest

import dns.query

import grey
from grey import BLOCK, DEFER, KNOWN, MATURED, Client, greylist, name, query, texts
from harness import Server, dpdk_tables, free_port, inside, main, missing_for_namespaces, namespace

OWN, OTHER, PORT = "10.53.0.1", "10.53.0.2", "10.53.0.53"
OWN6, PORT6 = "fd53::1", "fd53::53"
ZONE = "grey.test.example"


def config(listen):
    server = dpdk_tables(["net_tap0,iface=rbgrey0"], [[f"{PORT}/24", f"{PORT6}/64"]],
                         server=f'listen = ["127.0.0.1:{listen}"]') + """
[[feed]]
name = "bad"
path = "bad.txt"
format = "cidr"
[[zone]]
name = "bl.test"
feeds = ["bad"]
"""
    keys = {"store": "store", "auto_whitelist": 0, "block_feeds": ["bad"]}
    return (server + greylist(ZONE, allow=[f"{OWN}/32", "fd53::/64", "127.0.0.0/8"], **keys) +
            greylist("quick.test", delay="2s", auto_whitelist=0, allow=["10.53.0.0/24"]))


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Dpdk(unittest.TestCase):
    def address(self, *words):
        subprocess.run(["ip", "-n", self.space, *words], check=True)

    def setUp(self):
        self.space = self.enterContext(namespace())
        self.listen = free_port()
        self.server = self.enterContext(Server(config(self.listen), grey.FILES | {"bad.txt": "203.0.113.0/24\n"}, self.space))
        # A MAC of its own: with the port's it has the port's link-local address, too.
        self.address("link", "set", "rbgrey0", "address", "02:53:e2:e0:00:09")
        for own in (f"{OWN}/24", f"{OTHER}/24", f"{OWN6}/64"):
            self.address("address", "add", own, "dev", "rbgrey0", *(["nodad"] if ":" in own else []))
        self.address("link", "set", "rbgrey0", "up")
        self.server.wait_until(lambda: self.look(name(ZONE))["why"] != "loading")

    def ask(self, qname, kind="A", address=PORT, **options):
        with inside(self.space):
            return query(qname, kind, address, **options)

    def code(self, qname, **options):
        return self.ask(qname, **options).answer[0][0].to_text()

    def look(self, qname, **options):
        return texts(self.ask(qname, "TXT", **options))

    def test_a_port_answers_as_sockets_do(self):
        first, v6 = name(ZONE), name(ZONE, "2001:db8::1")
        self.assertEqual(self.look(first), {"s": "defer", "wait": "3600", "first": "0", "why": "new"})
        self.assertEqual(self.code(first), DEFER)
        self.assertEqual(self.look(first, address=PORT6)["why"], "early")
        self.assertEqual(self.code(v6, address=PORT6), DEFER)
        self.assertEqual(self.look(v6)["why"], "early")
        self.assertEqual(self.code(name(ZONE, "203.0.113.5")), BLOCK)
        # Sockets have the same table.
        for over in (dns.query.udp, dns.query.tcp):
            self.assertEqual(self.look(first, address="127.0.0.1", port=self.listen, over=over)["why"], "early")
        for qname, kind in ((first, "AAAA"), (first, "ANY"), (first.partition(".")[2], "A"), (f"x.{ZONE}", "A")):
            for options in ({}, {"use_edns": 0}):
                answer = self.ask(qname, kind, **options)
                (soa,) = answer.authority
                self.assertEqual((answer.rcode(), answer.answer, soa.ttl, soa[0].minimum), (0, [], 0, 0))
        mixed = struct.pack("!H", 7) + grey.wire(first.swapcase())
        with inside(self.space), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(30)
            client.sendto(mixed, (PORT, 53))
            answer = client.recv(4096)
        self.assertEqual((answer[12:len(mixed)], grey.answer_of(answer, len(mixed))), (mixed[12:], DEFER))
        self.server.check_sums(self)
        self.assertEqual(self.server.stop(), 0)

    def test_bursts_mature_and_are_known(self):
        names = [name("quick.test", f"10.9.{i}.1") for i in range(256)]
        with inside(self.space), Client(53, PORT) as client:
            self.assertEqual(set(client.codes(names)), {DEFER})
            self.assertEqual(set(client.codes(names)) - {DEFER}, set())
            self.server.wait_until(lambda: {look["why"] for look in client.looks(names)} == {"matured"})
            self.assertEqual(set(client.codes(names)), {MATURED})
            self.assertEqual(set(client.codes(names * 4)), {KNOWN})

    def test_others_get_no_answer_and_the_store_has_what_the_port_was_asked(self):
        qname = name(ZONE, "10.8.1.1")
        with inside(self.space), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((OTHER, 0))
            client.settimeout(30)
            questions = [grey.wire(qname), grey.wire(qname, 16), grey.wire(ZONE, 6), grey.wire("5.113.0.203.bl.test")]
            for i, question in enumerate(questions):
                client.sendto(struct.pack("!H", i) + question, (PORT, 53))
            self.assertEqual(struct.unpack_from("!H", client.recv(4096))[0], len(questions) - 1)
        self.assertEqual(self.look(qname)["why"], "new")
        self.assertEqual(self.code(qname), DEFER)
        self.server.check_sums(self)
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        with inside(self.space):
            look = lambda: texts(query(qname, "TXT", "127.0.0.1", self.listen))
            self.server.wait_until(lambda: look()["why"] != "loading")
            self.assertEqual(look()["why"], "early")


if __name__ == "__main__":
    main()
