#!/usr/bin/python3
"""What the contract says of answers on the wire, asked of rblitzd on a loopback socket with dig and dnspython."""

import random
import socket
import struct
import subprocess
import time
import unittest

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from harness import Server, free_port, main

PORT = free_port()
CONFIG = f"""
[server]
listen = ["127.0.0.1:{PORT}"]
state = "state"
version = "test server"
identity = "node-1"
[[feed]]
name = "set"
path = "set.txt"
format = "ip4set"
[[feed]]
name = "plain"
path = "plain.txt"
format = "cidr"
a = "127.0.0.9"
txt = "$ is on $feed"
[[feed]]
name = "absent"
path = "absent.txt"
format = "cidr"
[[zone]]
name = "bl.example.com"
feeds = ["set", "plain"]
ttl = "35m"
soa = "ns.example.com hostmaster.example.com 7 1h 10m 5d 5m"
ns = ["ns1.example.com", "ns2.example.com"]
[[zone]]
name = "bare.example.com"
feeds = ["plain"]
[[zone]]
name = "out.example.com"
feeds = ["absent"]
[[zone]]
name = "half.example.com"
feeds = ["absent", "plain"]
"""
FILES = {
    "set.txt": ":127.0.0.2:Listed, see https://example.com/?ip=$\n"
               "192.0.2.1\n192.0.2.8-15\n!192.0.2.10\n203.0.113.5 :4:two values\n203.0.113.5 :5:\n",
    "plain.txt": "192.0.2.1\n198.51.100.0/24\n",
}
ZONE = "bl.example.com"


def name_of(address, zone=ZONE):
    return ".".join(reversed(address.split("."))) + "." + zone


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(CONFIG, FILES))

    def ask(self, name, kind="A", rdclass="IN", **options):
        return self.send(dns.message.make_query(name, kind, rdclass, **options))

    def send(self, query):
        return dns.query.udp(query, "127.0.0.1", port=PORT, timeout=5, raise_on_truncation=False)

    def raw(self, payload, seconds=5):
        """The answer's bytes; None when nothing comes."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(seconds)
            client.sendto(payload, ("127.0.0.1", PORT))
            try:
                return client.recv(65536)
            except socket.timeout:
                return None

    def records(self, answer, kind):
        return sorted(item.to_text() for rrset in answer.answer if rrset.rdtype == dns.rdatatype.from_text(kind)
                      for item in rrset)

    def assert_negative(self, answer, rcode, ttl=300, zone=ZONE):
        self.assertEqual(answer.rcode(), rcode)
        self.assertTrue(answer.flags & dns.flags.AA)
        self.assertEqual(answer.answer, [])
        self.assertEqual([(str(r.name).lower(), r.rdtype, r.ttl) for r in answer.authority],
                         [(zone + ".", dns.rdatatype.SOA, ttl)])

    def test_listed_address_has_all_values_of_all_feeds(self):
        answer = self.ask(name_of("192.0.2.1"))
        self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
        self.assertEqual(self.records(answer, "A"), ["127.0.0.2", "127.0.0.9"])
        self.assertEqual(answer.answer[0].ttl, 2100)
        self.assertEqual(answer.authority, [])
        self.assertEqual(answer.additional, [])
        self.assertEqual(self.records(self.ask(name_of("203.0.113.5")), "A"), ["127.0.0.4", "127.0.0.5"])
        self.assertEqual(self.records(self.ask(name_of("198.51.100.255")), "A"), ["127.0.0.9"])

    def test_listed_address_has_txt_with_the_address_in_it(self):
        self.assertEqual(self.records(self.ask(name_of("192.0.2.1"), "TXT"), "TXT"),
                         ['"192.0.2.1 is on plain"', '"Listed, see https://example.com/?ip=192.0.2.1"'])
        self.assertEqual(self.records(self.ask(name_of("203.0.113.5"), "TXT"), "TXT"), ['"two values"'])

    def test_flags_are_an_authority_s(self):
        for recursion in (0, dns.flags.RD):
            query = dns.message.make_query(name_of("192.0.2.1"), "A")
            query.flags = recursion
            self.assertEqual(self.send(query).flags, dns.flags.QR | dns.flags.AA | recursion)

    def test_other_types_of_a_listed_address_are_nodata(self):
        for kind in ("AAAA", "MX", "PTR", "TYPE65"):
            with self.subTest(kind=kind):
                self.assert_negative(self.ask(name_of("192.0.2.1"), kind), dns.rcode.NOERROR)

    def test_any_is_hinfo(self):
        self.assertEqual(self.records(self.ask(name_of("192.0.2.1"), "ANY"), "HINFO"), ['"RFC8482" ""'])
        self.assert_negative(self.ask(name_of("192.0.2.2"), "ANY"), dns.rcode.NXDOMAIN)

    def test_unlisted_addresses_are_nxdomain_with_the_minimum_ttl(self):
        for address in ("192.0.2.2", "192.0.2.10", "192.0.2.16", "8.8.8.8", "127.0.0.1", "0.0.0.0", "255.255.255.255"):
            with self.subTest(address=address):
                self.assert_negative(self.ask(name_of(address)), dns.rcode.NXDOMAIN)

    def test_names_that_are_no_addresses_are_nxdomain(self):
        for name in ("256.2.0.192", "1.2.0.192.5", "x.2.0.192", "1.2.0", "01.2.0.192x", "a", "1.2.3.4.5.6"):
            with self.subTest(name=name):
                self.assert_negative(self.ask(f"{name}.{ZONE}"), dns.rcode.NXDOMAIN)

    def test_empty_non_terminals_are_nodata_where_something_lies_below(self):
        for below in ("192", "0.192", "2.0.192", "100.51.198", "127", "0.0.127"):
            with self.subTest(below=below):
                self.assert_negative(self.ask(f"{below}.{ZONE}"), dns.rcode.NOERROR)
        for nothing in ("193", "1.192", "3.0.192", "101.51.198", "1.0.127"):
            with self.subTest(nothing=nothing):
                self.assert_negative(self.ask(f"{nothing}.{ZONE}"), dns.rcode.NXDOMAIN)

    def test_rfc_5782_test_points_are_there(self):
        self.assertEqual(self.records(self.ask(name_of("127.0.0.2")), "A"), ["127.0.0.2"])
        self.assertEqual(self.records(self.ask(name_of("127.0.0.2", "bare.example.com")), "A"), ["127.0.0.2"])
        self.assertEqual(self.ask(name_of("127.0.0.1")).rcode(), dns.rcode.NXDOMAIN)

    def test_apex_has_soa_and_ns(self):
        soa = self.ask(ZONE, "SOA")
        self.assertEqual(self.records(soa, "SOA"), ["ns.example.com. hostmaster.example.com. 7 3600 600 432000 300"])
        self.assertEqual(self.records(self.ask(ZONE, "NS"), "NS"), ["ns1.example.com.", "ns2.example.com."])
        self.assert_negative(self.ask(ZONE, "A"), dns.rcode.NOERROR)

    def test_zone_without_soa_gets_one_named_after_itself(self):
        soa = self.ask("bare.example.com", "SOA").answer[0][0]
        self.assertEqual(str(soa.mname), "bare.example.com.")
        self.assertAlmostEqual(soa.serial, (self.server.folder / "plain.txt").stat().st_mtime, delta=2)
        self.assert_negative(self.ask("bare.example.com", "NS"), dns.rcode.NOERROR, zone="bare.example.com")

    def test_case_of_the_question_comes_back(self):
        for name in ("1.2.0.192.BL.eXaMpLe.CoM.", "9.9.9.9.bL.Example.com."):
            answer = self.ask(name)
            self.assertEqual(str(answer.question[0].name), name)
            for rrset in answer.answer:
                self.assertEqual(str(rrset.name), name)

    def test_edns_gets_one_fresh_opt(self):
        option = dns.edns.GenericOption(65001, b"echo me")
        for wanted, dnssec in ((4096, True), (512, False), (0, True)):
            query = dns.message.make_query(name_of("192.0.2.1"), "A", use_edns=0, payload=wanted, want_dnssec=dnssec,
                                           options=[option])
            answer = self.send(query)
            self.assertEqual((answer.edns, answer.payload, answer.options), (0, 1232, ()))
            self.assertEqual(answer.ednsflags & 0xffff, dns.flags.DO if dnssec else 0)
            self.assertEqual(self.records(answer, "A"), ["127.0.0.2", "127.0.0.9"])
        self.assertEqual(self.ask(name_of("192.0.2.1")).edns, -1)

    def test_edns_version_above_0_is_badvers(self):
        wire = bytearray(dns.message.make_query(name_of("192.0.2.1"), "A", use_edns=0).to_wire())
        wire[-5] = 1
        answer = dns.message.from_wire(self.raw(bytes(wire)))
        self.assertEqual(answer.rcode(), dns.rcode.BADVERS)
        self.assertEqual((answer.edns, answer.answer), (0, []))

    def test_two_opts_are_formerr(self):
        wire = bytearray(dns.message.make_query(name_of("192.0.2.1"), "A", use_edns=0).to_wire())
        wire += wire[-11:]
        wire[11] = 2
        self.assertEqual(dns.message.from_wire(self.raw(bytes(wire))).rcode(), dns.rcode.FORMERR)

    def test_what_is_not_served_is_refused(self):
        for name, kind, rdclass in (("1.2.0.192.other.example", "A", "IN"), ("com", "NS", "IN"), (".", "NS", "IN"),
                                    (name_of("192.0.2.1"), "A", "CH"), (name_of("192.0.2.1"), "A", "HS"),
                                    (ZONE, "AXFR", "IN"), (ZONE, "IXFR", "IN"), ("example.com", "SOA", "IN")):
            with self.subTest(name=name, kind=kind, rdclass=rdclass):
                answer = dns.message.from_wire(self.raw(dns.message.make_query(name, kind, rdclass).to_wire()))
                self.assertEqual(answer.rcode(), dns.rcode.REFUSED)
                self.assertEqual((answer.answer, answer.authority), ([], []))
                self.assertFalse(answer.flags & dns.flags.AA)

    def test_other_opcodes_are_notimp(self):
        for opcode in (dns.opcode.IQUERY, dns.opcode.STATUS, dns.opcode.NOTIFY, dns.opcode.UPDATE, 15):
            wire = bytearray(dns.message.make_query(ZONE, "SOA").to_wire())
            wire[2] = wire[2] & 0x87 | opcode << 3
            answer = self.raw(bytes(wire))
            self.assertEqual((answer[3] & 15, answer[2] >> 3 & 15), (dns.rcode.NOTIMP, opcode))

    def test_identity_is_told_in_class_ch(self):
        for name, text in (("version.bind", "test server"), ("version.server", "test server"), ("id.server", "node-1")):
            self.assertEqual(self.records(self.ask(name, "TXT", "CH"), "TXT"), [f'"{text}"'])

    def test_zone_whose_feeds_are_all_out_is_servfail(self):
        self.assertEqual(self.ask(name_of("192.0.2.1", "out.example.com")).rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(self.records(self.ask(name_of("192.0.2.1", "half.example.com")), "A"), ["127.0.0.9"])

    def test_answers_to_answers_and_scraps_are_dropped(self):
        response = bytearray(dns.message.make_query(name_of("192.0.2.1"), "A").to_wire())
        response[2] |= 0x80
        before = self.server.check_sums(self)
        for scrap in (bytes(response), b"", b"x", bytes(11)):
            self.assertIsNone(self.raw(scrap, seconds=0.2), scrap)
        after = self.server.check_sums(self)
        dropped = {k: after["dropped"][k] - before["dropped"][k] for k in after["dropped"]}
        self.assertEqual((dropped["is_response"], dropped["short_dns"]), (1, 3))
        self.assertEqual(sum(dropped.values()), 4)

    def test_broken_questions_are_formerr(self):
        query = dns.message.make_query(name_of("192.0.2.1"), "A").to_wire()
        none, two = bytearray(query), bytearray(query)
        none[5], two[5] = 0, 2
        for wire in (query[:-3], query[:20], bytes(none), bytes(two), query[:12] + b"\xc0\x0c\0\x01\0\x01"):
            answer = self.raw(wire)
            self.assertIsNotNone(answer, wire)
            self.assertEqual((answer[:2], answer[3] & 15), (wire[:2], dns.rcode.FORMERR), wire)

    def test_answers_that_do_not_fit_say_so(self):
        lines = "".join(f"192.0.2.99 :127.1.{i}.1:{'t' * 100} {i}\n" for i in range(1, 20))
        server = Server(f'[server]\nlisten = ["127.0.0.1:{free_port()}"]\nstate = "state"\n[[feed]]\nname = "f"\npath = "f"\n'
                        'format = "ip4set"\n[[zone]]\nname = "z"\nfeeds = ["f"]\n', {"f": lines})
        with server:
            port = server.json("status")["listen"][0].split(":")[1]
            for payload, limit in ((None, 512), (512, 512), (1232, 1232), (4096, 1232)):
                query = dns.message.make_query(name_of("192.0.2.99", "z"), "TXT", use_edns=payload and 0,
                                               payload=payload)
                answer = dns.query.udp(query, "127.0.0.1", port=int(port), timeout=5)
                with self.subTest(payload=payload):
                    self.assertLessEqual(len(answer.to_wire()), limit)
                    self.assertTrue(answer.flags & dns.flags.TC)
                    self.assertGreater(len(self.records(answer, "TXT")), 1)
                    self.assertEqual(answer.edns, 0 if payload else -1)

    def test_dig_agrees(self):
        dig = lambda *words: subprocess.run(["dig", "@127.0.0.1", "-p", str(PORT), *words], capture_output=True,
                                            text=True, timeout=30).stdout
        self.assertEqual(sorted(dig("+short", name_of("192.0.2.1")).split()), ["127.0.0.2", "127.0.0.9"])
        self.assertIn("status: NXDOMAIN", dig(name_of("8.8.8.8")))
        self.assertIn("EDNS: version: 0, flags:; udp: 1232", dig(name_of("192.0.2.1")))
        self.assertNotIn("WARNING", dig(name_of("192.0.2.1"), "+norec"))

    def test_mutated_questions_harm_nobody(self):
        generator = random.Random(5782)
        seeds = [dns.message.make_query(name_of("192.0.2.1"), kind, use_edns=edns).to_wire()
                 for kind in ("A", "TXT", "ANY", "SOA") for edns in (None, 0)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for i in range(20000):
                wire = bytearray(generator.choice(seeds))
                for _ in range(generator.randrange(1, 8)):
                    wire[generator.randrange(len(wire))] = generator.randrange(256)
                if generator.random() < 0.2:
                    wire = wire[:generator.randrange(len(wire))]
                client.sendto(wire, ("127.0.0.1", PORT))
                if i % 100 == 0:
                    time.sleep(0.001)
        self.assertEqual(self.records(self.ask(name_of("192.0.2.1")), "A"), ["127.0.0.2", "127.0.0.9"])
        self.server.check_sums(self)


if __name__ == "__main__":
    main()
