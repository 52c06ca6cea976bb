#!/usr/bin/python3
"""Many reloads of random feeds under load, some of them broken on purpose: no answer lost, none wrong, every refusal explained.

Feeds of IPv4 addresses, IPv6 prefixes and names get random new versions. Every entry of a version has an A record that names the
version, and the asker knows which versions may be served while each of its questions is under way: half a list, a mixture of two,
a step back or a broken file that is served after all would be a wrong answer. One more IPv4 feed is asked by check_client at a
steady rate.

RBLITZ_SOAK_RELOADS (30) and RBLITZ_SOAK_ENTRIES (2000) a version: make soak runs 200 with 50,000. SEED is printed.
"""

import gzip
import ipaddress
import json
import os
import random
import re
import select
import socket
import struct
import subprocess
import threading
import time
import unittest

import harness
from harness import Server, free_port, main

RELOADS = int(os.environ.get("RBLITZ_SOAK_RELOADS", "30"))
ENTRIES = int(os.environ.get("RBLITZ_SOAK_ENTRIES", "2000"))
SEED = int(os.environ.get("SEED", "200"))
RATE = 2000  # check_client's questions a second
WINDOW = 32  # the asker's questions under way
PATIENCE = 5  # seconds, after which an answer is lost
GUARDS = 'check = 0\nmax_shrink = 0.4\nmax_bad = 0.5\n'


class Feed:
    """One feed, what it has served, and how its things are written and asked for. Its zone is NAME.test."""

    def __init__(self, name, format, dice):
        self.name, self.format, self.file, self.dice = name, format, name + ".txt", dice
        self.things = [self.thing(i) for i in range(2 * ENTRIES)]  # those that may be listed
        self.versions = []  # each a set of indices
        self.states = []  # (from when, numbers of the versions that may be served from then on)
        self.served = None
        self.error = ""  # of the last load, as a pattern

    def thing(self, i):
        """(as a line names it, as a question does)"""
        if self.format == "ip6trie":
            address = ipaddress.IPv6Address((0x20010db8 << 96) + (i * 0x9e3779b1 % (1 << 32) << 64))
            return f"{address}/64", ".".join(reversed(f"{int(address) + self.dice.getrandbits(64):032x}"))
        if self.format == "dnset":
            return f".n{i}.example", self.dice.choice(("", "www.")) + f"n{i}.example"
        address = ipaddress.IPv4Address((10 << 24) + i * 37)
        return str(address), ".".join(reversed(str(address).split(".")))

    def value(self, version):
        return bytes((127, 1, version >> 8, version & 255))

    def new_version(self):
        """Returns its number: at least as many entries as any before, so that max_shrink has nothing against it."""
        self.versions.append(frozenset(self.dice.sample(range(len(self.things)), ENTRIES)))
        return len(self.versions) - 1

    def text(self, version, share=1.0):
        lines = [self.things[i][0] for i in sorted(self.versions[version])]
        a = ".".join(str(octet) for octet in self.value(version))
        return "".join(f"{line} :{a}:\n" for line in lines[:int(share * len(lines))]).encode()

    def now_serves(self, *versions):
        self.states.append((time.monotonic(), versions))

    def judge(self, i, sent, rcode, values):
        """Empty when the answer is right for one of the versions that were served since it was asked for."""
        for since, versions in reversed(self.states[:]):
            for version in versions:
                listed = i in self.versions[version]
                if (rcode, values) == ((0, [self.value(version)]) if listed else (3, [])):
                    return ""
            if since <= sent:
                break
        return f"{self.name}: {self.things[i][1]}: rcode {rcode}, {values}; served were {self.states[-3:]}"


class Asker(threading.Thread):
    """Asks for random things of all feeds, a window at a time, and judges every answer."""

    def __init__(self, port, feeds, dice):
        super().__init__()
        self.port, self.feeds, self.dice = port, feeds, dice
        self.ended = threading.Event()
        self.asked = self.lost = 0
        self.wrong, self.trouble = [], None

    def run(self):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect(("127.0.0.1", self.port))
                while not self.ended.is_set():
                    self.ask_some(client)
        except Exception as trouble:  # for the test, which waits in another thread
            self.trouble = trouble

    def ask_some(self, client):
        first, pending = self.asked, {}
        for identity in range(first, first + WINDOW):
            feed = self.dice.choice(self.feeds)
            i = self.dice.randrange(len(feed.things))
            name = f"{feed.things[i][1]}.{feed.name}.test"
            labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
            question = labels + b"\0" + struct.pack(">2H", 1, 1)
            pending[identity & 0xffff] = (feed, i, time.monotonic(), question)
            client.send(struct.pack(">6H", identity & 0xffff, 0, 1, 0, 0, 0) + question)
        self.asked += WINDOW
        while pending and select.select([client], [], [], PATIENCE)[0]:
            self.take(client.recv(4096), pending)
        self.lost += len(pending)

    def take(self, answer, pending):
        identity, flags, questions, records, _, _ = struct.unpack(">6H", answer[:12])
        asked = pending.pop(identity, None)
        if asked is None:
            self.wrong.append(f"an answer to nothing that was asked: {answer.hex()}")
            return
        feed, i, sent, question = asked
        end = 12 + len(question)
        values = [answer[end + 16 * n + 12:end + 16 * n + 16] for n in range(records)]
        wrong = feed.judge(i, sent, flags & 15, values)
        if flags & 0xfff0 != 0x8400 or questions != 1 or answer[12:end] != question:
            wrong = f"{feed.name}: no answer to {question}: {answer.hex()}"
        if wrong:
            self.wrong.append(wrong)


class Publisher:
    """Ways to put a new file in a feed's place. Each returns what a reload must say: ("loaded", "") or (state, reason)."""

    def __init__(self, server, dice):
        self.server, self.dice = server, dice

    def clear(self, feed):
        path = self.server.folder / feed.file
        if path.is_dir():
            path.rmdir()

    def whole(self, feed, version):
        self.clear(feed)
        text = feed.text(version)
        self.server.write(feed.file, gzip.compress(text, 1) if self.dice.random() < 0.3 else text)
        return "loaded", ""

    def written_beside_and_renamed(self, feed, version):
        """Half of it is there while a reload looks: it must not be seen."""
        self.clear(feed)
        text = feed.text(version)
        with open(self.server.folder / f".{feed.file}.new", "wb") as file:
            file.write(text[:len(text) // 2])
            file.flush()
            self.server.rblitz("reload", feed.name)
            file.write(text[len(text) // 2:])
        os.rename(file.name, self.server.folder / feed.file)
        return "loaded", ""

    def half(self, feed, version):
        self.clear(feed)
        (self.server.folder / feed.file).write_bytes(feed.text(version, 0.5))
        return "refused", "max_shrink allows 40 %"

    def shrunk(self, feed, version):
        self.clear(feed)
        self.server.write(feed.file, feed.text(version, 0.1))
        return "refused", "max_shrink allows 40 %"

    def empty(self, feed, version):
        self.clear(feed)
        self.server.write(feed.file, b"")
        return "refused", "max_shrink allows 40 %"

    def cut_gzip(self, feed, version):
        self.clear(feed)
        packed = gzip.compress(feed.text(version), 1)
        self.server.write(feed.file, packed[:self.dice.randrange(20, len(packed) - 1)])
        return "failed", "truncated|ends|incomplete"

    def junk(self, feed, version):
        self.clear(feed)
        self.server.write(feed.file, self.dice.randbytes(30 * ENTRIES))
        return "refused", "max_shrink allows 40 %|max_bad allows 50 %"

    def missing(self, feed, version):
        self.clear(feed)
        (self.server.folder / feed.file).unlink(missing_ok=True)
        return "failed", "No such file"

    def folder(self, feed, version):
        self.clear(feed)
        (self.server.folder / feed.file).unlink(missing_ok=True)
        (self.server.folder / feed.file).mkdir()
        return "failed", "has no files in it"

    def good(self):
        return self.dice.choice((self.whole, self.whole, self.written_beside_and_renamed))

    def broken(self):
        return self.dice.choice((self.half, self.shrunk, self.empty, self.cut_gzip, self.junk, self.missing, self.folder))


class RandomReloads(unittest.TestCase):
    def setUp(self):
        print(f"SEED={SEED} RELOADS={RELOADS} ENTRIES={ENTRIES}", flush=True)
        self.dice = random.Random(SEED)
        self.feeds = [Feed(name, format, random.Random(f"{SEED} {name}"))
                      for name, format in (("four", "ip4set"), ("six", "ip6trie"), ("names", "dnset"))]
        self.port = free_port()
        config = f'[server]\nlisten = ["127.0.0.1:{self.port}"]\nstate = "state"\n'
        for feed in self.feeds:
            config += f'[[feed]]\nname = "{feed.name}"\npath = "{feed.file}"\nformat = "{feed.format}"\n{GUARDS}'
            feed.served = feed.new_version()
            feed.now_serves(feed.served)
        config += f'[[feed]]\nname = "steady"\npath = "steady.txt"\nformat = "cidr"\n{GUARDS}'
        for name in [feed.name for feed in self.feeds] + ["steady"]:
            config += f'[[zone]]\nname = "{name}.test"\nfeeds = ["{name}"]\n'
        files = {feed.file: feed.text(0) for feed in self.feeds}
        self.common, *self.only = self.steady_versions()
        files |= {"steady.txt": self.common + self.only[0], "common.txt": self.common, "either.txt": "".join(self.only)}
        self.server = self.enterContext(Server(config, files))
        self.publisher = Publisher(self.server, self.dice)
        self.reloads = self.broken = 0
        self.reasons = {}

    def steady_versions(self):
        numbers = self.dice.sample(range(128 << 24, 224 << 24), ENTRIES)
        lines = ["".join(f"{ipaddress.IPv4Address(n)}\n" for n in part)
                 for part in (numbers[ENTRIES // 5:], numbers[:ENTRIES // 10], numbers[ENTRIES // 10:ENTRIES // 5])]
        return lines

    def client(self, seconds):
        folder = self.server.folder
        return subprocess.Popen([harness.programs.check_client, "--server", f"127.0.0.1:{self.port}", "--zone", "steady.test", "--rate",
                                 str(RATE), "--seconds", str(seconds), "--timeout-ms", str(1000 * PATIENCE), "--listed",
                                 folder / "common.txt", "--either", folder / "either.txt", "--json"], stdout=subprocess.PIPE, text=True)

    def reload_some(self):
        """New files for one to all of the feeds, and one reload of these."""
        chosen = self.dice.sample(self.feeds, self.dice.randint(1, len(self.feeds)))
        expected = {}
        for feed in chosen:
            version = feed.new_version()
            publish = self.publisher.broken() if self.dice.random() < 0.4 else self.publisher.good()
            state, reason = publish(feed, version)
            expected[feed.name] = (state, reason, version, publish.__name__)
            if state == "loaded":
                feed.now_serves(feed.served, version)
        self.only.reverse()
        self.server.write("steady.txt", self.common + self.only[0])
        done = self.server.rblitz("--json", "reload", "steady", *expected)
        self.reloads += 1
        self.check(json.loads(done.stdout), done, expected)

    def check(self, answer, done, expected):
        outcomes = {feed["name"]: feed for feed in answer["feeds"]}
        status = {feed["name"]: feed for feed in self.server.json("status")["feeds"]}
        self.assertEqual(outcomes["steady"]["state"], "loaded")
        self.assertEqual(done.returncode, int(any(state != "loaded" for state, *_ in expected.values())), done.stderr)
        for feed in self.feeds:
            if feed.name not in expected:
                continue
            state, reason, version, how = expected[feed.name]
            self.assertEqual(outcomes[feed.name]["state"], state, f"{how}: {outcomes[feed.name]} {done.stderr}")
            if state == "loaded":
                feed.served, feed.error = version, ""
                feed.now_serves(version)
                self.assertEqual((status[feed.name]["state"], status[feed.name]["entries"]), ("ok", ENTRIES), how)
                continue
            self.broken += 1
            # Said by the command, by status and in the log, with the feed's name and the reason.
            said = re.search(f"^rblitz: reload: {feed.name}: .*$", done.stderr, re.M)
            self.assertTrue(said and re.search(reason, said[0]), f"{how}: {done.stderr}")
            self.assertEqual(status[feed.name]["state"], "stale", how)
            self.assertRegex(status[feed.name]["error"], reason, how)
            self.assertRegex(self.server.log, f"event=feed_{state} feed={feed.name} .*({reason})")
            self.reasons[how] = said[0]

    def test_nothing_is_lost_or_wrong_and_every_refusal_is_explained(self):
        asker = Asker(self.port, self.feeds, random.Random(f"{SEED} asker"))
        asker.start()
        self.addCleanup(asker.join)
        self.addCleanup(asker.ended.set)
        steady = {"sent": 0, "lost": 0, "late": 0, "wrong": 0}
        while self.reloads < RELOADS:
            with self.client(5) as client:
                while client.poll() is None and self.reloads < RELOADS:
                    self.reload_some()
                counts = json.loads(client.communicate(timeout=60)[0])
            self.assertEqual(counts["wrong"], 0, counts["mistakes"])
            steady = {key: steady[key] + counts[key] for key in steady}
        asker.ended.set()
        asker.join()
        print(f"{self.reloads} reloads, {self.broken} feeds refused or failed on purpose; the asker: {asker.asked} asked, {asker.lost} "
              f"lost, {len(asker.wrong)} wrong; check_client: {steady}", flush=True)
        for how, reason in sorted(self.reasons.items()):
            print(f"{how}: {reason}", flush=True)
        if asker.trouble:
            raise asker.trouble
        self.assertEqual((asker.wrong[:5], asker.lost, steady["lost"], steady["wrong"]), ([], 0, 0, 0))
        self.assertGreater(self.broken, RELOADS // 5)
        self.assertGreater(asker.asked, 20 * RELOADS)
        self.server.check_sums(self)
        self.restart_with_broken_files()

    def restart_with_broken_files(self):
        """Each feed has its last good version then, from its copy."""
        end = time.monotonic() + 60
        while any(feed["copy_pending"] for feed in self.server.json("status")["feeds"]):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.server.stop()
        for feed in self.feeds:
            self.publisher.broken()(feed, feed.served)
        self.server.start()
        asker = Asker(self.port, self.feeds, random.Random(f"{SEED} again"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", self.port))
            for feed in self.feeds:
                feed.now_serves(feed.served)
            for _ in range(20):
                asker.ask_some(client)
        self.assertEqual((asker.wrong[:5], asker.lost), ([], 0))


if __name__ == "__main__":
    main()
