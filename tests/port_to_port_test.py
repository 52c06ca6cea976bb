#!/usr/bin/python3
"""The oracle of bench/port_to_port must be right, and must see every kind of wrong answer: answers are made up here."""

import importlib.machinery
import importlib.util
import random
import struct
import sys
import tempfile
import types
import unittest
from pathlib import Path

PATH = Path(__file__).resolve().parent.parent / "bench/port_to_port"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("port_to_port", str(PATH))
p1 = importlib.util.module_from_spec(importlib.util.spec_from_loader("port_to_port", loader))
loader.exec_module(p1)


def checksummed(frame):
    """The frame with right IP and UDP checksums."""
    ip = frame[14:24] + b"\0\0" + frame[26:34]
    ip = ip[:10] + struct.pack(">H", ~p1.internet_sum(ip) & 0xFFFF) + ip[12:]
    udp = frame[34:40] + b"\0\0" + frame[42:]
    udp = udp[:6] + struct.pack(">H", ~p1.internet_sum(ip[12:20] + struct.pack(">HH", 17, len(udp)) + udp) & 0xFFFF) + udp[8:]
    return frame[:14] + ip + udp


def answer(i, address, listed):
    query = p1.query_frame(i, p1.Form().question(address))
    dns = query[42:44] + struct.pack(">HHHHH", 0x8500 | (0 if listed else 3), 1, int(listed), 0, 0) + query[54:]
    if listed:
        dns += b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 2100, 4) + p1.LISTED_A
    udp = b"\0\x35" + query[34:36] + struct.pack(">HH", 8 + len(dns), 0) + dns
    ip = query[14:16] + struct.pack(">H", 20 + len(udp)) + query[18:26] + query[30:34] + query[26:30]
    return checksummed(p1.CLIENT_MAC + p1.PORT_MAC + b"\x08\0" + ip + udp)


class Oracle(unittest.TestCase):
    def setUp(self):
        self.data = p1.Data(5000, 7)
        self.questions = self.data.questions(400)
        self.answers = [answer(i, a, self.data.listed(a)) for i, a in enumerate(self.questions)]

    def test_scrambling_can_be_undone(self):
        source = random.Random(1)
        for value in [0, 1, p1.MASK] + [source.getrandbits(32) for _ in range(10000)]:
            self.assertEqual(p1.unscramble(p1.scramble(value)), value)

    def test_listed_agrees_with_the_file_that_is_served(self):
        with tempfile.TemporaryDirectory() as folder:
            self.data.write(Path(folder))
            single, networks = set(), []
            for line in (Path(folder) / "feed0.txt").read_text().split():
                address, _, length = line.partition("/")
                value = int.from_bytes(bytes(int(o) for o in address.split(".")), "big")
                networks.append((value, int(length))) if length else single.add(value)
        self.assertGreater(len(single), 4800)
        self.assertEqual(len(networks), p1.NETWORKS)
        by_length = {length: {n >> 32 - length for n, l in networks if l == length} for length in range(20, 31)}
        for address in self.questions + [n - 1 for n, _ in networks[:500]] + [n for n, _ in networks[:500]]:
            naive = address in single or any(address >> 32 - length in known for length, known in by_length.items())
            self.assertEqual(self.data.listed(address), naive, p1.dotted(address))

    def test_of_all_kinds_each_is_served_by_its_own_zone(self):
        data = p1.Data(3000, 7, p1.All, len(p1.All.kinds))
        with tempfile.TemporaryDirectory() as folder:
            data.write(Path(folder))
            files = [set((Path(folder) / f"feed{i}.txt").read_text().splitlines()) for i in range(3)]
        self.assertAlmostEqual(sum(map(len, files)), 3000, delta=30)  # but for what is reserved
        form, asked = p1.Form(p1.All, 3), data.questions(400)
        self.assertEqual(p1.All.formats, ("cidr", "cidr", "dnset"))
        for number in asked:
            kind = number % 3
            line = next(iter(p1.All.kinds[kind].lines([number]))).strip()
            self.assertEqual([line in file for file in files], [at == kind and data.listed(number) for at in range(3)])
            self.assertIn(f"\x02z{kind}".encode(), form.question(number))
        self.assertEqual(sum(map(data.listed, asked)), 200)

    def test_half_of_the_questions_are_listed(self):
        self.assertEqual(len(set(self.questions)), 400)
        self.assertEqual(sum(map(self.data.listed, self.questions)), 200)

    def test_right_answers_pass_in_any_order(self):
        random.Random(2).shuffle(self.answers)
        self.assertEqual(p1.verify(self.answers, self.questions, self.data), (400, []))

    def test_answers_survive_a_capture(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pcap"
            p1.write_pcap(path, self.answers)
            self.assertEqual(list(p1.read_pcap(path)), self.answers)

    def test_any_changed_byte_is_found(self):
        for i in (0, 1, 2, 3):
            frame = self.answers[i]
            for at in range(len(frame)):
                changed = frame[:at] + bytes([frame[at] ^ 0x40]) + frame[at + 1:]
                wrong = p1.verify(self.answers[:i] + [changed] + self.answers[i + 1:], self.questions, self.data)[1]
                self.assertNotEqual(wrong, [], f"byte {at} of {len(frame)}")

    def test_a_wrong_message_with_right_checksums_is_found(self):
        listed = next(i for i, a in enumerate(self.questions) if self.data.listed(a))
        unlisted = next(i for i, a in enumerate(self.questions) if not self.data.listed(a))
        frame = self.answers[listed]
        for i, wrong in (
            (listed, answer(listed, self.questions[listed], False)),
            (unlisted, answer(unlisted, self.questions[unlisted], True)),
            (listed, checksummed(frame[:-1] + b"\x03")),
            (listed, checksummed(frame[:45] + b"\x82" + frame[46:])),
            (listed, answer(listed, self.questions[unlisted], True)),
        ):
            right, mistakes = p1.verify(self.answers[:i] + [wrong] + self.answers[i + 1:], self.questions, self.data)
            self.assertEqual((right, len(mistakes)), (399, 1))

    def test_missing_and_doubled_answers_are_found(self):
        self.assertEqual(len(p1.verify(self.answers[1:], self.questions, self.data)[1]), 1)
        self.assertEqual(len(p1.verify(self.answers + self.answers[:1], self.questions, self.data)[1]), 1)
        self.assertEqual(len(p1.verify([], self.questions, self.data)[1]), 400)


class Samples(unittest.TestCase):
    def test_what_testpmd_prints_as_it_begins_does_not_count(self):
        sample = lambda packets: types.SimpleNamespace(packets=packets)
        for counted, kept in (([0, 0, 100, 200, 300], [100, 200, 300]), ([3, 100, 200], [100, 200]), ([0, 3, 100], [100]), ([3], [3]), ([0], []), ([], [])):
            self.assertEqual([found.packets for found in p1.since_warm(map(sample, counted))], kept)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
