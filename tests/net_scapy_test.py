#!/usr/bin/python3
"""Frames that went through MemoryIo, checked by scapy: an independent decoder with checksums of its own.

net_scapy_test.py FRAME_ECHO
"""

import json
import random
import subprocess
import sys
import unittest

from scapy.layers.inet import ICMP, IP, UDP, IPOption_LSRR, IPOption_NOP, IPOption_RR, IPOption_SSRR
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN, RouterAlert)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw

from echo_rule import (adds_up, bytes_of, built, check_advertisement, check_arp, check_echo, check_echo6, check_tag,
                       check_udp, check_udp6, echo, right_checksums, split_lengths, with_lengths)

OWN_MAC, CLIENT_MAC = "02:53:00:00:00:01", "02:c1:00:00:00:02"
OWN_IP, OTHER_OWN_IP, CLIENT_IP = "10.53.0.53", "192.0.2.53", "10.53.0.7"
OWN_IP6, OTHER_OWN_IP6, OWN_LINK_LOCAL, CLIENT_IP6 = "fd53::53", "2001::53", "fe80::53:ff:fe00:1", "fd53::7"
FRAME_ECHO = sys.argv.pop(1)


def run(frames):
    done = subprocess.run([FRAME_ECHO], input=with_lengths(frames), capture_output=True, timeout=60, check=True)
    return split_lengths(done.stdout), json.loads(done.stderr)


def udp(payload, dst=OWN_IP, **fields):
    ether = Ether(src=CLIENT_MAC, dst=OWN_MAC)
    return ether / IP(src=CLIENT_IP, dst=dst) / UDP(**{"sport": 40000, "dport": 53, **fields}) / Raw(payload)


def ether(tag=None, **fields):
    frame = Ether(**{"src": CLIENT_MAC, "dst": OWN_MAC, **fields})
    return frame if tag is None else frame / Dot1Q(prio=tag >> 13, id=tag >> 12 & 1, vlan=tag & 0xFFF)


def solicitation(target, src=CLIENT_IP6, dst=None):
    """Sent to the target's group unless `dst` says where."""
    group = {OWN_IP6: "ff02::1:ff00:53", OTHER_OWN_IP6: "ff02::1:ff00:53", OWN_LINK_LOCAL: "ff02::1:ff00:1"}[target]
    mac = "33:33:ff:00:00:01" if target == OWN_LINK_LOCAL else "33:33:ff:00:00:53"
    frame = ether(dst=OWN_MAC if dst else mac) / IPv6(src=src, dst=dst or group, hlim=255) / ICMPv6ND_NS(tgt=target)
    return frame if src == "::" else frame / ICMPv6NDOptSrcLLAddr(lladdr=CLIENT_MAC)


class MemoryIo(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(20)

    def payload(self, size):
        return self.random.choice([self.random.randbytes(size), bytes(size), b"\xff" * size, b"\xfe" * size])

    def test_answers_of_every_size_are_right(self):
        questions = []
        for size in range(1, 1473):
            fields = {"sport": self.random.randint(1, 65535)}
            if self.random.random() < 0.3:
                fields["chksum"] = 0
            dst = self.random.choice([OWN_IP, OTHER_OWN_IP])
            questions.append(built(udp(self.payload(size), dst, **fields)))
        answers, stats = run(questions)
        for question, answer in zip(questions, answers, strict=True):
            check_udp(question, Ether(answer))
        self.assertEqual(stats["answered"], len(questions))
        self.assertTrue(adds_up(stats))

    def test_padding_is_not_part_of_question_or_answer(self):
        for size in range(1, 18):
            question = built(udp(self.payload(size)))
            padded = bytes(question) + b"\x5a" * (60 - len(bytes(question)))
            (answer,), _ = run([padded])
            check_udp(question, Ether(answer))
            self.assertNotIn(Padding, Ether(answer))

    def test_a_corrupted_question_gets_an_answer_that_its_client_drops(self):
        for size in (12, 33, 100, 501):
            question = bytearray(bytes(built(udp(self.random.randbytes(size)))))
            question[42 + size // 2] ^= 0x04
            (answer,), stats = run([question])
            self.assertEqual(stats["answered"], 1)
            self.assertEqual(bytes_of(Ether(answer))[:1], bytes([question[42] ^ 0xFF]))
            self.assertNotEqual(Ether(answer)[UDP].chksum, Ether(right_checksums(Ether(answer)))[UDP].chksum)

    def test_echo_replies_of_every_size_are_right(self):
        questions = []
        for size in range(0, 1473, 7):
            icmp = ICMP(type=8, id=self.random.choice([0, 0x1234]), seq=self.random.choice([0, 9]))
            frame = Ether(src=CLIENT_MAC, dst=OWN_MAC) / IP(src=CLIENT_IP, dst=OWN_IP, tos=0x28) / icmp
            questions.append(built(frame / Raw(self.payload(size)) if size else frame))
        answers, stats = run(questions)
        for question, answer in zip(questions, answers, strict=True):
            check_echo(question, Ether(answer))
        self.assertEqual(stats["icmp_replies"], len(questions))

    def test_arp_requests_and_probes_are_answered(self):
        questions = []
        for ether_dst in ("ff:ff:ff:ff:ff:ff", OWN_MAC):
            for sender in (CLIENT_IP, "0.0.0.0"):
                for target in (OWN_IP, OTHER_OWN_IP):
                    arp = ARP(op=1, hwsrc=CLIENT_MAC, psrc=sender, pdst=target)
                    questions.append(built(Ether(src=CLIENT_MAC, dst=ether_dst) / arp))
        answers, stats = run(questions)
        for question, answer in zip(questions, answers, strict=True):
            check_arp(question, Ether(answer), OWN_MAC)
        self.assertEqual(stats["arp_replies"], len(questions))

    def test_what_is_not_for_us_gets_no_answer(self):
        eth = ether()
        ip = IP(src=CLIENT_IP, dst=OWN_IP)
        data = Raw(b"x" * 20)
        cases = {
            "other_port": eth / ip / UDP(sport=1, dport=54) / data,
            "source_port_0": eth / ip / UDP(sport=0, dport=53) / data,
            "other_address": eth / IP(src=CLIENT_IP, dst="10.53.0.54") / UDP(sport=1, dport=53) / data,
            "martian": eth / IP(src="127.0.0.1", dst=OWN_IP) / UDP(sport=1, dport=53) / data,
            "ip_checksum": eth / IP(src=CLIENT_IP, dst=OWN_IP, chksum=1) / UDP(sport=1, dport=53) / data,
            "ip_fragment": eth / IP(src=CLIENT_IP, dst=OWN_IP, flags="MF") / UDP(sport=1, dport=53) / data,
            "icmp_checksum": eth / ip / ICMP(type=8, chksum=1) / data,
            "arp_not_us": eth / ARP(op=1, psrc=OWN_IP, pdst=OWN_IP),
            "ip_options": eth / IP(src=CLIENT_IP, dst=OWN_IP, options=[IPOption_LSRR(routers=["10.53.0.9"])])
            / UDP(sport=1, dport=53) / data,
            "double_vlan": eth / Dot1AD(vlan=5) / Dot1Q(vlan=6) / ip / UDP(sport=1, dport=53) / data,
        }
        for reason, frame in cases.items():
            (answer,), stats = run([built(frame)])
            self.assertEqual((answer, stats["dropped"]), (b"", {reason: 1}))

    def test_strict_source_routes_and_damaged_options_are_dropped(self):
        for options in ([IPOption_SSRR(routers=["10.53.0.9"])], b"\x07\x01\x00\x00", b"\x01\x01\x01\x07"):
            frame = ether() / IP(src=CLIENT_IP, dst=OWN_IP, options=options) / UDP(sport=1, dport=53) / Raw(b"x" * 20)
            (answer,), stats = run([built(frame)])
            self.assertEqual((answer, stats["dropped"]), (b"", {"ip_options": 1}))

    def test_ipv4_options_are_left_out_of_the_answer(self):
        for options in ([IPOption_NOP()], [IPOption_RR(routers=["0.0.0.0"] * 9)]):
            payload = self.random.randbytes(40)
            question = ether() / IP(src=CLIENT_IP, dst=OWN_IP, options=options) / UDP(sport=9, dport=53) / Raw(payload)
            ping = ether() / IP(src=CLIENT_IP, dst=OWN_IP, options=options) / ICMP(id=4, seq=2) / Raw(payload)
            (answer, reply), stats = run([built(question), built(ping)])
            check_udp(built(question), Ether(answer))
            check_echo(built(ping), Ether(reply))
            self.assertTrue(adds_up(stats))

    def test_answers_over_ipv6_are_right(self):
        skipped = [None, IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]), IPv6ExtHdrHopByHop(options=[RouterAlert()]),
                   IPv6ExtHdrFragment(offset=0, m=0, id=7), IPv6ExtHdrRouting(type=4, segleft=0)]
        questions, ports, payloads = [], [], []
        for size in range(1, 1453, 3):
            payloads.append(self.payload(size))
            ip = IPv6(src=self.random.choice([CLIENT_IP6, "2001:db8::9", "fe80::9"]), tc=self.random.randrange(256),
                      dst=self.random.choice([OWN_IP6, OTHER_OWN_IP6, OWN_LINK_LOCAL]), fl=0x12345)
            extension = self.random.choice(skipped) if size < 1400 else None
            tag = self.random.choice([None, 0, 7, 0xE00A])
            ports.append(self.random.randint(1, 65535))
            datagram = UDP(sport=ports[-1], dport=53) / Raw(payloads[-1])
            questions.append(built(ether(tag) / (ip / extension / datagram if extension else ip / datagram)))
        answers, stats = run(questions)
        for question, port, payload, answer in zip(questions, ports, payloads, answers, strict=True):
            check_udp6(question, port, payload, Ether(answer))
            check_tag(question, Ether(answer))
        self.assertEqual(stats["answered"], len(questions))

    def test_a_tag_of_ipv4_and_arp_is_kept(self):
        for tag in (0, 1, 0xE00A, 0x1FFF):
            question = ether(tag) / IP(src=CLIENT_IP, dst=OWN_IP) / UDP(sport=9, dport=53) / Raw(self.payload(50))
            arp = ether(tag, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=CLIENT_MAC, psrc=CLIENT_IP, pdst=OWN_IP)
            (answer, reply), _ = run([built(question), built(arp)])
            answer = Ether(answer)
            check_tag(built(question), answer)
            self.assertEqual(bytes_of(answer), echo(bytes_of(built(question)), 1472))
            self.assertEqual(bytes(answer), right_checksums(answer))
            check_tag(built(arp), Ether(reply))
            check_arp(built(arp), Ether(reply), OWN_MAC)

    def test_echo_over_ipv6_is_answered(self):
        questions = [built(ether(tag) / IPv6(src=CLIENT_IP6, dst=dst, tc=9) /
                           ICMPv6EchoRequest(id=3, seq=4, data=self.payload(size)))
                     for size in range(0, 1453, 11) for tag in (None, 7) for dst in (OWN_IP6, OWN_LINK_LOCAL)]
        answers, stats = run(questions)
        for question, answer in zip(questions, answers, strict=True):
            check_echo6(question, Ether(answer))
            check_tag(question, Ether(answer))
        self.assertEqual(stats["icmp_replies"], len(questions))

    def test_solicitations_are_answered(self):
        questions = [built(frame) for target in (OWN_IP6, OTHER_OWN_IP6, OWN_LINK_LOCAL)
                     for frame in (solicitation(target), solicitation(target, src="::"), solicitation(target, dst=target),
                                   solicitation(target, src="fe80::7"), solicitation(target, dst=OWN_IP6))]
        answers, stats = run(questions)
        for question, answer in zip(questions, answers, strict=True):
            check_advertisement(question, Ether(answer), OWN_MAC)
        self.assertEqual(stats["nd_replies"], len(questions))

    def test_what_is_wrong_over_ipv6_gets_no_answer(self):
        ip, data = IPv6(src=CLIENT_IP6, dst=OWN_IP6), UDP(sport=9, dport=53) / Raw(b"x" * 20)
        all_nodes = ether(dst="33:33:00:00:00:01") / IPv6(src=CLIENT_IP6, dst="ff02::1", hlim=255)
        advertisement = ICMPv6ND_NA(tgt=OWN_IP6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=CLIENT_MAC)
        for reason, frame in [
            ("no_udp_checksum", ether() / ip / UDP(sport=9, dport=53, chksum=0) / Raw(b"x" * 20)),
            ("udp_checksum", ether() / ip / UDP(sport=9, dport=53, chksum=1) / Raw(b"x" * 20)),
            ("ip6_extension", ether() / ip / IPv6ExtHdrRouting(type=0, segleft=0) / data),
            ("ip6_extension", ether() / ip / IPv6ExtHdrRouting(type=4, segleft=1, addresses=["fd53::9"]) / data),
            ("ip_fragment", ether() / ip / IPv6ExtHdrFragment(offset=0, m=1, id=7) / data),
            ("ip_fragment", ether() / ip / IPv6ExtHdrFragment(offset=8, m=0, id=7) / data),
            ("other_address", ether() / IPv6(src=CLIENT_IP6, dst="fd53::54") / data),
            ("other_address", all_nodes / data),
            ("other_address", all_nodes / ICMPv6EchoRequest(data=b"x")),
            ("martian", ether() / IPv6(src="::", dst=OWN_IP6) / data),
            ("martian", ether() / IPv6(src="::1", dst=OWN_IP6) / data),
            ("martian", ether() / IPv6(src="::ffff:10.0.0.1", dst=OWN_IP6) / data),
            ("martian", ether() / IPv6(src="ff02::1", dst=OWN_IP6) / data),
            ("martian", ether() / IPv6(src=OWN_IP6, dst=OWN_IP6) / data),
            ("icmp_checksum", ether() / ip / ICMPv6EchoRequest(data=b"x", cksum=1)),
            ("bad_nd", ether() / IPv6(src=CLIENT_IP6, dst=OWN_IP6, hlim=254) / ICMPv6ND_NS(tgt=OWN_IP6)),
            ("nd_not_us", all_nodes / advertisement),
            ("nd_not_us", ether() / IPv6(src=CLIENT_IP6, dst=OWN_IP6, hlim=255) / ICMPv6ND_NS(tgt="fd53::54")),
            ("other_mac", ether(dst="33:33:00:00:00:02") / IPv6(src=CLIENT_IP6, dst="ff02::1") / data),
            ("other_mac", ether(dst="33:33:ff:00:00:53") / ip / data),
        ]:
            (answer,), stats = run([built(frame)])
            self.assertEqual((answer, stats["dropped"]), (b"", {reason: 1}), built(frame).summary())


if __name__ == "__main__":
    unittest.main(verbosity=2)
