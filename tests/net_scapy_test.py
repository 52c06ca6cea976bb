#!/usr/bin/python3
"""Frames that went through MemoryIo, checked by scapy: an independent decoder with checksums of its own.

net_scapy_test.py FRAME_ECHO
"""

import json
import random
import subprocess
import sys
import unittest

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Padding, Raw

from echo_rule import (adds_up, bytes_of, built, check_arp, check_echo, check_udp, right_checksums, split_lengths,
                       with_lengths)

OWN_MAC, CLIENT_MAC = "02:53:00:00:00:01", "02:c1:00:00:00:02"
OWN_IP, OTHER_OWN_IP, CLIENT_IP = "10.53.0.53", "192.0.2.53", "10.53.0.7"
FRAME_ECHO = sys.argv.pop(1)


def run(frames):
    done = subprocess.run([FRAME_ECHO], input=with_lengths(frames), capture_output=True, timeout=60, check=True)
    return split_lengths(done.stdout), json.loads(done.stderr)


def udp(payload, dst=OWN_IP, **fields):
    ether = Ether(src=CLIENT_MAC, dst=OWN_MAC)
    return ether / IP(src=CLIENT_IP, dst=dst) / UDP(**{"sport": 40000, "dport": 53, **fields}) / Raw(payload)


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
        ether = Ether(src=CLIENT_MAC, dst=OWN_MAC)
        ip = IP(src=CLIENT_IP, dst=OWN_IP)
        data = Raw(b"x" * 20)
        cases = {
            "other_port": ether / ip / UDP(sport=1, dport=54) / data,
            "source_port_0": ether / ip / UDP(sport=0, dport=53) / data,
            "other_address": ether / IP(src=CLIENT_IP, dst="10.53.0.54") / UDP(sport=1, dport=53) / data,
            "martian": ether / IP(src="127.0.0.1", dst=OWN_IP) / UDP(sport=1, dport=53) / data,
            "ip_checksum": ether / IP(src=CLIENT_IP, dst=OWN_IP, chksum=1) / UDP(sport=1, dport=53) / data,
            "ip_fragment": ether / IP(src=CLIENT_IP, dst=OWN_IP, flags="MF") / UDP(sport=1, dport=53) / data,
            "icmp_checksum": ether / ip / ICMP(type=8, chksum=1) / data,
            "arp_not_us": Ether(src=CLIENT_MAC, dst=OWN_MAC) / ARP(op=1, psrc=OWN_IP, pdst=OWN_IP),
        }
        for reason, frame in cases.items():
            (answer,), stats = run([built(frame)])
            self.assertEqual((answer, stats["dropped"]), (b"", {reason: 1}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
