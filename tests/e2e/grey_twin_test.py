#!/usr/bin/python3
"""Random histories of a greylist, of weeks and with restarts, compared answer by answer with a twin that knows only the contract.

RBLITZ_GREY_STEPS sets how long a history is, RBLITZ_GREY_SEED which it is.
"""

import copy
import os
import random
import signal
import time
import unittest

import grey
import harness
from grey import DEFER, KNOWN, MATURED, WHITELISTED, Client, greylist, name
from harness import Server, free_port, main

STEPS = int(os.environ.get("RBLITZ_GREY_STEPS", "4000"))
SEED = int(os.environ.get("RBLITZ_GREY_SEED", str(time.time_ns() % 10**9)))
ZONE = "grey.test"
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
DELAY, WINDOW, LIFETIME, CREDITS = 5 * MINUTE, DAY, 35 * DAY, 3
START = 1_800_000_000
# Last seen is written hourly and to the minute: within this of the lifetime's end an answer may be either.
VAGUE = HOUR + 2 * MINUTE


class Vague(Exception):
    """The contract leaves it open."""


class Row:
    def __init__(self, now):
        self.first = self.last = now
        self.passed = False
        self.earned = set()  # of an address its hours, of a domain its senders

    def clamp(self, now):
        self.first, self.last = min(self.first, now), min(self.last, now)


class Twin:
    """Greylisting as the contract has it, in a dictionary."""

    def __init__(self, credits):
        self.rows, self.credits = {}, credits

    def row(self, key, now):
        """None when it is not there or its life is over."""
        row = self.rows.get(key)
        if row is None:
            return None
        row.clamp(now)
        if row.passed or row.earned:
            if LIFETIME - VAGUE <= now - row.last <= LIFETIME + VAGUE:
                raise Vague
            if now - row.last > LIFETIME:
                del self.rows[key]
                return None
        return row

    def ask(self, question, now, looks=False):
        """(answer, why, first) of one question; first is 0 where a row begins."""
        if looks:
            there = self.rows
            self.rows = copy.deepcopy(there)
            try:
                return self.decide(question, now)
            finally:
                self.rows = there
        return self.decide(question, now)

    def decide(self, question, now):
        client, network, sender, domain, recipient, aligned = question
        address, pool = ("client", client), ("domain", network, domain)
        whitelists = ((address, self.credits, "client"), (pool, 2, "domain")) if self.credits else ()
        found = [(self.row(key, now), need, why) for key, need, why in whitelists if key[-1] is not None]
        triplet = ("triplet", domain if aligned else network, aligned, sender, recipient)
        row = self.row(triplet, now)
        for white, need, why in found:
            if white and len(white.earned) >= need:
                white.last = now
                return WHITELISTED, why, 0
        if row is None or (not row.passed and now - row.first > WINDOW):
            self.rows[triplet] = Row(now)
            return DEFER, "new", 0
        if now - row.first < DELAY and not row.passed:
            return DEFER, "early", row.first
        answer = (KNOWN, "known", row.first) if row.passed else (MATURED, "matured", row.first)
        if not row.passed and self.credits:
            self.earn(address, now // HOUR, now)
            if domain is not None:
                self.earn(pool, sender, now)
        row.passed, row.last = True, now
        return answer

    def earn(self, key, what, now):
        row = self.row(key, now) or self.rows.setdefault(key, Row(now))
        row.earned.add(what)
        row.last = now

    def restart(self, now):
        """Rows of the future are of now, and what is over is not loaded."""
        for row in self.rows.values():
            row.clamp(now)
        self.rows = {key: row for key, row in self.rows.items() if row.passed or row.earned or now - row.first <= WINDOW}


class Histories(unittest.TestCase):
    def setUp(self):
        self.dice = random.Random(SEED)
        self.port = free_port()
        print(f"RBLITZ_GREY_SEED={SEED}", flush=True)

    def start(self, credits):
        self.server = Server(grey.server_table(self.port, "workers = 2") +
                             greylist(ZONE, store="store", delay=f"{DELAY}s", window=f"{WINDOW}s", lifetime=f"{LIFETIME}s",
                                      auto_whitelist=credits, new_per_network=1023), grey.FILES)
        self.addCleanup(self.server.__exit__)
        self.shift = self.server.folder / "shift"
        self.shift.write_bytes(bytes(32))
        self.set_clock(START)
        self.server.environment = {"LD_PRELOAD": str(harness.programs.clock_shift), "RBLITZ_CLOCK_SHIFT": str(self.shift)}
        self.server.start()
        self.client = self.enterContext(Client(self.port))
        self.wait_until_loaded()
        self.twin = Twin(credits)

    def wait_until_loaded(self):
        self.server.wait_until(lambda: self.client.looks([name(ZONE)])[0]["why"] != "loading")

    def set_clock(self, now):
        self.now = now
        with open(self.shift, "r+b") as file:
            file.write(f"={now:<30}\n".encode())

    def question(self):
        """Of few of each, so that they meet again."""
        pick = self.dice.choice
        client = pick(("192.0.2.4", "192.0.2.5", "192.0.3.4", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"))
        sender = f"{pick('ab')}@{pick(('one.test', 'two.test'))}"
        return client, sender, f"{pick('xyz')}@mine.test", pick(("", "", "d", "df", "f"))

    def ask(self, client, sender, recipient, options):
        network = client.rpartition(".")[0] or client.rpartition("::")[0]
        domain = sender.rpartition("@")[2] if "d" in options else None
        asked = client, network, sender, domain, recipient, options == "df"
        looks = self.dice.random() < 0.3
        qname = name(ZONE, client, sender, recipient, options + ("n" if looks and self.dice.random() < 0.5 else ""))
        said = (f"seed {SEED}, step {self.step}, at {self.now - START}", client, sender, recipient, options, looks)
        answer, why, first = self.twin.ask(asked, self.now, looks)
        if looks:
            fields = self.client.looks([qname])[0]
            if fields["why"] == "late":  # until another row takes the place of this one
                fields["why"] = "new"
            self.assertEqual((fields["s"], fields["why"]), ("defer" if answer == DEFER else "pass", why), said)
            if first:
                self.assertEqual(int(fields["first"]), first, said)
        else:
            self.assertEqual(self.client.codes([qname])[0], answer, said)
        if self.dice.random() < 0.3 and not looks:  # a resend, in the same second
            answer = self.twin.ask(asked, self.now)[0]
            self.assertEqual(self.client.codes([qname])[0], answer, said)
        self.counts[answer] = self.counts.get(answer, 0) + 1

    def restart(self):
        if self.dice.random() < 0.5:
            self.assertEqual(self.server.stop(), 0)
        else:
            time.sleep(0.1)
            written = lambda: self.server.json("status")["greylists"][0]["store"]
            self.server.wait_until(lambda: written()["waiting_rows"] == 0)
            time.sleep(0.5)  # more than a journal interval
            self.server.stop(signal.SIGKILL)
        self.server.start()
        self.wait_until_loaded()
        self.twin.restart(self.now)

    def run_history(self, jumps, restarts, credits, most=9999 * DAY):
        """`most`: seconds from the start at which clocks may be, before and after it."""
        self.counts = {}
        self.start(credits)
        vague = 0
        for self.step in range(STEPS):
            if self.dice.random() < 0.3:
                self.set_clock(min(max(self.now + self.dice.choice(jumps), START - most), START + most))
            if self.dice.random() < restarts / STEPS:
                self.restart()
            try:
                self.ask(*self.question())
            except Vague:
                vague += 1
        print(f"{STEPS} questions over {(self.now - START) / DAY:.0f} days, {vague} left out: {self.counts}", flush=True)
        self.assertLess(vague, STEPS / 10)
        for answer in (DEFER, MATURED, KNOWN, *((WHITELISTED,) if credits else ())):
            self.assertGreater(self.counts.get(answer, 0), 10, self.counts)

    def test_weeks(self):
        self.run_history((1, MINUTE, DELAY - 1, DELAY, DELAY + 1, HOUR) * 4 + (DAY, WINDOW + 1, 12 * DAY, 36 * DAY), 12, CREDITS)

    def test_weeks_without_auto_whitelist(self):
        self.run_history((1, MINUTE, DELAY - 1, DELAY, DELAY + 1, HOUR, DAY, WINDOW + 1, 10 * DAY), 5, 0)

    def test_clocks_that_go_backwards(self):
        self.run_history((1, DELAY, DELAY, HOUR, DAY, 10 * DAY, -1, -DELAY, -HOUR, -DAY, -8 * DAY), 0, 0)

    def test_clocks_that_go_backwards_over_restarts(self):
        # Within a window, for what was over and begins anew is joined with what was before where its time is not over any more.
        self.run_history((1, DELAY, HOUR, 3 * HOUR, -1, -DELAY, -HOUR, -3 * HOUR), 10, 0, 11 * HOUR)


if __name__ == "__main__":
    main()
