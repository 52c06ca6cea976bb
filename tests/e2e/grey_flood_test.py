#!/usr/bin/python3
"""A flood of triplets that nobody comes back for: what is confirmed stays, and what known networks have under way; memory does too.

RBLITZ_GREY_FLOOD sets how many triplets flood the table (200,000 unless set; the issue's figures are 5,000,000 and 50,000,000).
"""

import json
import os
import random
import subprocess
import unittest

import grey
import harness
from grey import DEFER, KNOWN, MATURED, UNRECORDED, Client, greylist, name
from harness import Server, free_port, main

FLOOD = int(os.environ.get("RBLITZ_GREY_FLOOD", "200000"))
ROOM = min(FLOOD // 10, 1_000_000)  # of the table: a tenth of what comes
ZONE = "grey.test"


class Flooded(unittest.TestCase):
    keys = {}

    def setUp(self):
        self.port = free_port()
        text = grey.server_table(self.port) + greylist(ZONE, delay="2s", auto_whitelist=0, max_triplets=ROOM, **self.keys)
        self.server = self.enterContext(Server(text, grey.FILES))
        self.client = self.enterContext(Client(self.port))
        self.server.wait_until(lambda: self.client.looks([name(ZONE)])[0]["why"] != "loading")

    def flood(self, count, seed):
        command = [harness.programs.grey_flood, "--server", f"127.0.0.1:{self.port}", "--zone", ZONE, "--count", count,
                   "--seed", seed]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = json.loads(done.stdout)
        print(f"{counts['sent'] / counts['seconds']:.0f} questions/s: {counts}", flush=True)
        self.assertEqual((counts["lost"], counts["other"]), (0, 0))
        self.assertLessEqual(set(counts["answers"]), {"127.0.0.4", "127.0.0.9"})
        return counts["answers"]

    def whys(self, names):
        return {look["why"] for look in self.client.looks(names)}


class Flood(Flooded):
    def test_what_matters_stays(self):
        dice = random.Random(8)
        networks = dice.sample(range(1 << 16), ROOM // 40)
        address = lambda network: f"10.{network >> 8}.{network & 255}.{dice.randrange(256)}"
        confirmed = [name(ZONE, address(network)) for network in networks]
        self.assertEqual(set(self.client.codes(confirmed)), {DEFER})
        self.server.wait_until(lambda: self.whys(confirmed) == {"matured"})
        self.assertEqual(set(self.client.codes(confirmed)), {MATURED})
        pending = [name(ZONE, address(network), "new@test") for network in networks]
        self.assertEqual(set(self.client.codes(pending)), {DEFER})
        firsts = [look["first"] for look in self.client.looks(confirmed + pending)]

        self.flood(FLOOD // 2, 1)  # touches all of the table
        before = grey.resident_bytes(self.server.process)
        answers = self.flood(FLOOD // 2, 2)
        after = grey.resident_bytes(self.server.process)
        print(f"{before >> 20} MiB before the second half, {after >> 20} MiB after it", flush=True)
        self.assertLess(after, before + (8 << 20))
        self.assertGreater(answers.get(DEFER, 0), FLOOD // 4)

        self.assertEqual(self.whys(confirmed), {"known"})
        self.assertLessEqual(self.whys(pending), {"early", "matured"})
        self.assertEqual([look["first"] for look in self.client.looks(confirmed + pending)], firsts)
        self.assertEqual(set(self.client.codes(confirmed)), {KNOWN})
        self.server.wait_until(lambda: self.whys(pending) == {"matured"})
        self.assertEqual(set(self.client.codes(pending)), {MATURED})
        # Newcomers are taken as before, at the cost of rows that came no later than in the same second; of one another, too.
        newcomers = [name(ZONE, f"11.1.{i}.1") for i in range(100)]
        self.assertEqual(set(self.client.codes(newcomers)), {DEFER})
        self.assertGreater([look["why"] for look in self.client.looks(newcomers)].count("early"), 80)
        self.known = confirmed + pending


class FloodWithStore(Flood):
    keys = {"store": "store", "journal_interval": "50ms"}

    def test_what_matters_stays(self):
        super().test_what_matters_stays()
        self.assertEqual(self.server.stop(), 0)
        size = sum(path.stat().st_size for path in (self.server.folder / "store").iterdir())
        print(f"{size >> 20} MiB on the disk", flush=True)
        self.server.start()
        self.server.wait_until(lambda: self.whys([name(ZONE)]) != {"loading"})
        self.assertEqual(self.whys(self.known), {"known"})


class OneNetwork(Flooded):
    def test_junk_of_a_network_takes_no_more_rows_than_it_may_and_locks_nobody_out(self):
        grey.avoid_new_window(2)
        known = name(ZONE, "12.1.1.1")
        self.assertEqual(self.client.codes([known]), [DEFER])
        self.server.wait_until(lambda: self.whys([known]) == {"matured"})
        junk = lambda network: [name(ZONE, f"{network}.{i % 250}", f"{i}@junk.test") for i in range(1000)]
        self.assertEqual(self.client.codes([known]), [MATURED])
        self.assertEqual(set(self.client.codes(junk("12.1.2"))), {DEFER})
        whys = [look["why"] for look in self.client.looks(junk("12.1.2"))]
        self.assertEqual(whys, ["early"] * 256 + ["capped"] * 744)
        # A network that has passed before is not locked out by its own junk.
        codes = self.client.codes(junk("12.1.1"))
        self.assertEqual(codes, [DEFER] * 255 + [UNRECORDED] * 745)  # with the known one, 256
        self.assertEqual(self.client.codes([known]), [KNOWN])


if __name__ == "__main__":
    main()
