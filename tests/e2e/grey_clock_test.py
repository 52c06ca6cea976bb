#!/usr/bin/python3
"""Days and weeks of a greylist, and clocks that jump: a server whose time of day is shifted, with restarts wherever they may be."""

import time
import unittest

import grey
import harness
from grey import DEFER, KNOWN, MATURED, WHITELISTED, Client, greylist, name
from harness import Server, free_port, main

ZONE = "grey.test"
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


class Clock(unittest.TestCase):
    restarts = False

    def setUp(self):
        self.port = free_port()
        keys = {"store": "store", "delay": "5m", "window": "24h", "lifetime": "35d", "auto_whitelist": 5}
        self.server = Server(grey.server_table(self.port) + greylist(ZONE, **keys), grey.FILES)
        self.addCleanup(self.server.__exit__)
        self.now = 0
        self.set_clock(0)
        self.server.environment = {"LD_PRELOAD": str(harness.programs.clock_shift),
                                   "RBLITZ_CLOCK_SHIFT": str(self.server.folder / "shift")}
        self.server.start()
        self.wait_until_loaded()

    def wait_until_loaded(self):
        self.server.wait_until(lambda: self.look(name(ZONE))["why"] != "loading")

    def set_clock(self, shift):
        """In the file at once, as it is mapped."""
        with open(self.server.folder / "shift", "r+b" if (self.server.folder / "shift").exists() else "w+b") as file:
            file.write(f"{shift:<31}\n".encode())

    def jump(self, seconds):
        """The server sees another time from now on."""
        self.now += seconds
        self.set_clock(self.now)
        if self.restarts:
            self.assertEqual(self.server.stop(), 0)
            self.server.start()
            self.wait_until_loaded()
            return
        with Client(self.port) as client:  # a worker may have read the clock just before
            for _ in range(3):
                client.looks([name(ZONE)])

    def code(self, qname):
        with Client(self.port) as client:
            return client.codes([qname])[0]

    def look(self, qname):
        with Client(self.port) as client:
            return client.looks([qname])[0]

    def mature(self, qname):
        self.assertEqual(self.code(qname), DEFER)
        self.jump(6 * MINUTE)
        self.assertEqual(self.code(qname), MATURED)

    def test_the_server_has_the_shifted_time(self):
        self.jump(10 * DAY)
        self.assertEqual(self.code(name(ZONE)), DEFER)
        self.assertAlmostEqual(int(self.look(name(ZONE))["first"]), time.time() + 10 * DAY, delta=60)

    def test_five_minutes_a_day_and_five_weeks(self):
        qname, late = name(ZONE), name(ZONE, recipient="late@test")
        self.assertEqual((self.code(qname), self.code(late)), (DEFER, DEFER))
        self.jump(4 * MINUTE)
        self.assertEqual((self.code(qname), self.look(qname)["why"]), (DEFER, "early"))
        self.assertLessEqual(int(self.look(qname)["wait"]), 60)
        self.jump(1 * MINUTE + 1)
        self.assertEqual((self.code(qname), self.code(qname)), (MATURED, KNOWN))
        self.jump(24 * HOUR)
        self.assertIn(self.look(late)["why"], ("new", "late"))
        self.assertEqual(self.code(late), DEFER)
        for _ in range(3):  # it lives for as long as it is seen
            self.jump(34 * DAY)
            self.assertEqual(self.code(qname), KNOWN)
        self.jump(36 * DAY)
        self.assertEqual(self.look(qname)["why"], "new")
        self.assertEqual((self.code(qname), self.look(qname)["why"]), (DEFER, "early"))

    def test_a_window_ends_after_a_day_and_not_before(self):
        soon, late = name(ZONE), name(ZONE, "10.1.1.1")
        self.assertEqual((self.code(soon), self.code(late)), (DEFER, DEFER))
        self.jump(24 * HOUR - 2 * MINUTE)
        self.assertEqual(self.code(soon), MATURED)
        self.jump(3 * MINUTE)
        self.assertEqual(self.code(late), DEFER)
        self.jump(6 * MINUTE)
        self.assertEqual(self.code(late), MATURED)

    def test_rows_of_the_future_wait_from_now_on(self):
        qname, passed = name(ZONE), name(ZONE, "10.1.1.1")
        self.jump(400 * DAY)
        self.mature(passed)
        self.assertEqual(self.code(qname), DEFER)
        self.jump(-400 * DAY)
        self.assertEqual(self.code(qname), DEFER)
        look = self.look(qname)
        self.assertEqual(look["why"], "early")
        self.assertLessEqual(int(look["first"]), time.time() + self.now + 1)
        self.assertLessEqual(int(look["wait"]), 300)
        self.assertEqual(self.code(passed), KNOWN)
        # What was clamped is so for good.
        self.jump(4 * MINUTE)
        self.assertEqual(self.code(qname), DEFER)
        self.jump(61)
        self.assertEqual(self.code(qname), MATURED)
        self.jump(34 * DAY)
        self.assertEqual(self.code(passed), KNOWN)

    def test_a_clock_that_was_in_the_past(self):
        qname = name(ZONE)
        self.jump(-10 * DAY)
        self.mature(qname)
        self.jump(10 * DAY)
        self.assertEqual(self.code(qname), KNOWN)

    def test_five_hours_with_a_first_success_each_pass_an_address(self):
        stranger = lambda: name(ZONE, sender="stranger@else.test")
        for i in range(5):
            self.assertEqual(self.look(stranger())["why"], "new")
            # Two in an hour earn one credit, and those that repeat none.
            names = [name(ZONE, recipient=f"{j}-{i}@test") for j in "ab"]
            self.assertEqual([self.code(n) for n in names], [DEFER, DEFER])
            self.jump(HOUR)
            self.assertEqual([self.code(n) for n in names * 2], [MATURED, MATURED if i < 4 else WHITELISTED] +
                             [KNOWN if i < 4 else WHITELISTED] * 2)
        self.assertEqual((self.code(stranger()), self.look(stranger())["why"]), (WHITELISTED, "client"))
        self.assertEqual(self.look(name(ZONE, "192.0.2.5", sender="stranger@else.test"))["why"], "new")
        for _ in range(2):
            self.jump(34 * DAY)
            self.assertEqual(self.code(stranger()), WHITELISTED)
        self.jump(36 * DAY)
        self.assertEqual(self.code(stranger()), DEFER)


class ClockWithRestarts(Clock):
    restarts = True


if __name__ == "__main__":
    main()
