#!/usr/bin/python3
"""kill -9 of rblitzd at random moments while a greylist is asked: what was answered more than one journal interval before is kept,
and nothing passes that never waited.

RBLITZ_GREY_KILLS sets how often (50 unless set; make soak has 1,000), RBLITZ_GREY_SEED the moments.
"""

import contextlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time
import unittest
from dataclasses import dataclass

import grey
import harness
from grey import DEFER, KNOWN, MATURED, UNRECORDED, Client, greylist, triplets
from harness import Server, free_port, main

KILLS = int(os.environ.get("RBLITZ_GREY_KILLS", "50"))
SEED = int(os.environ.get("RBLITZ_GREY_SEED", str(time.time_ns() % 10**9)))
ZONE = "grey.test"
DELAY = 2
SOONEST = DELAY - 1 - 0.1  # whole seconds; a question may stand in a socket for a while, and the server's clock is a tick behind
INTERVAL = 0.2
NEW = 1000  # triplets in a round, at most
SLACK = 0.3  # of busy CPUs, until the thread that writes has its turn
PROBE = 0.05  # seconds from one probe of the disk to the next


@dataclass
class Triplet:
    """What its answers allow to say. Times are the test's own, before a question and after its answer."""
    asked: float = 0  # since when it may wait, or pass
    since: float = 0  # from when on it surely waits, or will not be taken
    passed: float = 0  # its first pass
    came_back: float = 0  # the first question for it that could pass, answered or not


class Disk(threading.Thread):
    """How long a write to this folder takes until it is on the disk, meanwhile, with the wait for a turn of a CPU."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.ended, self.longest = folder, threading.Event(), 0.0

    def run(self):
        with open(self.folder / "probe", "wb", buffering=0) as file:
            due = time.monotonic() + PROBE
            while not self.ended.wait(max(0, due - time.monotonic())):
                file.write(bytes(4096))
                os.fdatasync(file.fileno())
                self.longest = max(self.longest, time.monotonic() - due)
                due = time.monotonic() + PROBE


class Load(threading.Thread):
    """Asks for new triplets, and again for those of before, until the server is gone."""

    def __init__(self, port, known, dice, most_new):
        super().__init__(daemon=True)
        self.most_new = most_new
        self.client, self.known, self.dice = Client(port), known, dice
        self.new, self.count, self.wrong = [], 0, []
        self.ended = threading.Event()

    def run(self):
        old = list(self.known)
        with self.client as client, contextlib.suppress(OSError):
            while not self.ended.is_set():
                names = triplets(self.dice, 16, ZONE) if len(self.new) < self.most_new else []
                self.new += names
                names += self.dice.sample(old, min(64, len(old)))
                asked = time.time()
                for qname in names:
                    triplet = self.known.setdefault(qname, Triplet())
                    triplet.asked = triplet.asked or asked
                    if asked - triplet.asked > SOONEST:
                        triplet.came_back = triplet.came_back or asked
                for index, code, when in client.ask(names):
                    self.count += 1
                    self.judge(names[index], code, asked, when)
                if not old:
                    time.sleep(0.01)

    def end(self):
        """No answer will come any more."""
        self.ended.set()
        self.client.gone = True
        self.join()

    def judge(self, qname, code, asked, when):
        triplet = self.known[qname]
        mistake = mistake_of(triplet, code, asked)
        if mistake:
            self.wrong.append(f"{qname}: {code}: {mistake}; asked {asked}, answered {when}: {triplet}")
        if code == DEFER:
            triplet.since = triplet.since or when
        elif code in (MATURED, KNOWN):
            triplet.passed = triplet.passed or when


def mistake_of(triplet, code, asked):
    if code not in (DEFER, MATURED, KNOWN, UNRECORDED):
        return "no code for it"
    if code in (MATURED, KNOWN) and asked - triplet.asked < SOONEST:
        return "passes too early"
    if code == KNOWN and not triplet.came_back:
        return "known, and never passed"
    if code == DEFER and triplet.passed:
        return "deferred, and has passed"
    if code == DEFER and triplet.since and asked - triplet.since > DELAY + 1:
        return "deferred, and has waited"
    return ""


class Kills(unittest.TestCase):
    most_new = NEW
    slack = SLACK
    max_triplets = 4 * NEW * max(KILLS, 50)

    def setUp(self):
        self.dice = random.Random(SEED)
        self.port = free_port()
        text = grey.server_table(self.port, "workers = 2") + greylist(
            ZONE, store="store", delay=f"{DELAY}s", max_triplets=self.max_triplets, auto_whitelist=0, journal_interval="200ms")
        self.server = Server(text, grey.FILES)
        self.addCleanup(self.server.__exit__)
        self.known = {}  # of each name that was asked, since the start
        self.lags, self.usual, self.questions, self.checked = [], [], 0, 0

    def wait_until_loaded(self):
        with Client(self.port) as client:
            self.server.wait_until(lambda: client.looks([grey.name(ZONE)])[0]["why"] != "loading")

    def kill(self):
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()

    def round(self):
        """Starts, looks at what is left, asks and kills."""
        self.server.start()
        if self.dice.random() < 0.1:  # while it loads, or soon after
            time.sleep(self.dice.random() * 0.02)
            self.kill()
            return
        self.wait_until_loaded()
        self.check()
        self.ask_and_kill(0.05 + self.dice.random() * 0.85)

    def ask_and_kill(self, seconds):
        load, disk = Load(self.port, self.known, self.dice, self.most_new), Disk(self.server.folder)
        disk.start()
        load.start()
        time.sleep(seconds)
        self.killed = time.time()
        self.kill()
        load.end()
        disk.ended.set()
        disk.join()
        self.questions += load.count
        self.allowed = INTERVAL + 2 * disk.longest + self.slack
        self.usual.append(INTERVAL + 2 * disk.longest + SLACK / 3)
        self.assertEqual(load.wrong[:5], [], self.server.log)

    def check(self):
        """All of the last round, and some of those before, are as they were; or as if those of the last moment had not been."""
        recent = [n for n, triplet in self.known.items() if max(triplet.since, triplet.passed) > self.killed - 2]
        names = recent + self.dice.sample(list(self.known), min(300, len(self.known)))
        with Client(self.port) as client:
            looks = client.looks(names)
        oldest = self.killed if names else 0
        for qname, look in zip(names, looks):
            triplet = self.known[qname]
            if not triplet.since and not triplet.passed:
                # It was never answered: whether it is there is nobody's promise.
                self.assertIn(look["why"], ("new", "early", "matured"), (qname, look, triplet))
                triplet.asked = int(look["first"])
                continue
            self.checked += 1
            oldest = min(oldest, self.check_one(qname, look, triplet))
        if names:
            self.lags.append(self.killed - oldest)
            self.assertLess(self.lags[-1], self.allowed, self.server.log)

    def check_one(self, qname, look, triplet):
        """When it was answered what has been lost."""
        why, first, said = look["why"], int(look["first"]), (qname, look, triplet)
        lost = self.killed
        if why == "new":  # all of it
            lost = triplet.since or triplet.passed
            self.known[qname] = Triplet()
        else:
            self.assertIn(first, range(int(triplet.asked) - 1, int(triplet.since or time.time()) + 1), said)
            if why == "known":
                self.assertTrue(triplet.came_back, said)
                triplet.passed = triplet.passed or triplet.came_back
            else:
                self.assertIn(why, ("early", "matured"), said)
                if triplet.passed:
                    lost, triplet.passed = triplet.passed, 0
        return lost

    def test_what_was_answered_an_interval_before_is_kept(self):
        print(f"RBLITZ_GREY_SEED={SEED}", flush=True)
        started = time.monotonic()
        for _ in range(KILLS):
            self.round()
        self.server.start()
        self.wait_until_loaded()
        self.check()
        passed = sum(triplet.passed > 0 for triplet in self.known.values())
        print(f"{KILLS} kills in {time.monotonic() - started:.0f} s; {self.questions} answers, {len(self.known)} triplets, "
              f"{passed} of them passed; {self.checked} looked at again; the oldest that was lost was answered "
              f"{statistics.median(self.lags):.3f} s before, at most {max(self.lags):.3f} s", flush=True)
        self.assertLess(statistics.median(self.lags), statistics.median(self.usual))
        self.assertGreater(passed, 10 * KILLS)
        self.assertGreater(self.checked, 100 * KILLS)
        # Every row of all rounds, once more, and after a regular end.
        self.check_all()
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.wait_until_loaded()
        self.check_all()

    def check_all(self):
        names = [qname for qname, triplet in self.known.items() if triplet.passed or triplet.since]
        with Client(self.port) as client:
            for qname, look in zip(names, client.looks(names)):
                triplet = self.known[qname]
                self.assertIn(look["why"], ("known",) if triplet.passed else ("early", "matured"), (qname, look, triplet))


class KillsDuringSnapshots(Kills):
    """The journal is so long that each start makes a snapshot of it."""
    slack = SLACK + 0.3  # who makes it wants a CPU too, and the disk
    max_triplets = 1_000_000
    rows = 600_000

    def setUp(self):
        super().setUp()
        self.store, self.made = self.server.folder / "store", self.server.folder / "made"
        subprocess.run([harness.programs.grey_fill, self.made, "0", str(self.rows)], check=True)

    def begin(self):
        """With nothing but the journal."""
        self.known = {}
        shutil.rmtree(self.store, ignore_errors=True)
        shutil.copytree(self.made, self.store)

    def test_what_was_answered_an_interval_before_is_kept(self):
        for _ in range(max(4, KILLS // 10)):
            self.begin()
            for _ in range(2):
                self.round()
            self.server.start()
            self.wait_until_loaded()
            self.check()
            self.server.wait_until(lambda: (self.store / "snapshot").stat().st_size > self.rows * 30)
            self.kill()
            self.server.start()  # of the snapshot alone, and what came after it
            self.wait_until_loaded()
            self.check_all()
            self.kill()
        self.tell()

    def tell(self):
        print(f"{self.questions} answers; the oldest that was lost was answered at most {max(self.lags):.3f} s before", flush=True)


class KillsOnASlowDisk(KillsDuringSnapshots):
    """Where it takes seconds until a snapshot is on the disk."""
    most_new = 100 * NEW
    slack = SLACK + 0.6  # a part of the snapshot is on its way to the disk

    def test_what_was_answered_an_interval_before_is_kept(self):
        slow = {"LD_PRELOAD": str(harness.programs.slow_disk), "RBLITZ_DISK_RATE": str(10_000_000)}
        for _ in range(3):
            self.begin()
            self.server.environment = slow
            self.server.start()
            self.wait_until_loaded()
            self.ask_and_kill(1.8 + 0.5 * self.dice.random())
            self.assertLess((self.store / "snapshot").stat().st_size, self.rows, "it was ready too soon")
            self.server.environment = {}
            self.server.start()
            self.wait_until_loaded()
            self.check()
            self.kill()
        self.tell()


if __name__ == "__main__":
    main()
