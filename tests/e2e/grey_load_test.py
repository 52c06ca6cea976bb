#!/usr/bin/python3
"""A greylist with a store of a million rows starts: it answers at once, passing all, and then has everything.

RBLITZ_GREY_ROWS sets the number of rows; 10,000,000 are those of the issue, to be ready within 3 s.
"""

import os
import signal
import subprocess
import time
import unittest

import grey
import harness
from grey import DEFER, KNOWN, MATURED, UNRECORDED, Client, greylist, name
from harness import Server, free_port, main

ROWS = int(os.environ.get("RBLITZ_GREY_ROWS", "1000000"))
MARK = 3 * ROWS / 10_000_000  # seconds; shown, for whoever reads
PATIENCE = 60 + 10 * MARK
ATTEMPTS = 5
ZONE = "grey.test"


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        text = grey.server_table(cls.port) + greylist(ZONE, store="store", delay="1s", auto_whitelist=0, max_triplets=ROWS * 2)
        cls.server = cls.enterClassContext(Server(text, grey.FILES))
        cls.matured = [name(ZONE, f"10.1.{i}.1") for i in range(200)]
        cls.pending = [name(ZONE, f"10.2.{i}.1", "late@test") for i in range(200)]
        with Client(cls.port) as client:
            cls.server.wait_until(lambda: client.looks(cls.matured[:1])[0]["why"] != "loading")
            assert set(client.codes(cls.matured + cls.pending)) == {DEFER}
            cls.server.wait_until(lambda: {look["why"] for look in client.looks(cls.matured)} == {"matured"})
            assert set(client.codes(cls.matured)) == {MATURED}
        assert cls.server.stop() == 0
        started = time.monotonic()
        subprocess.run([harness.programs.grey_fill, cls.server.folder / "store", str(ROWS * 9 // 10), str(ROWS // 10)],
                       check=True)
        print(f"{ROWS} rows made in {time.monotonic() - started:.1f} s", flush=True)

    def tearDown(self):
        if self.server.process.poll() is None:  # the test has failed, and the next one starts another
            self.server.stop(signal.SIGKILL)

    def first_answer(self, client, qname):
        """As soon as there is one."""
        while True:
            try:
                return client.codes([qname])[0]
            except (ConnectionRefusedError, TimeoutError):
                if self.server.process.poll() is not None:
                    self.fail(self.server.log)
                time.sleep(0.002)

    def load(self):
        """The codes that were given while it started, in their order, and the seconds from the first until it was ready."""
        with Client(self.port, seconds=0.5) as client:
            self.server.start(wait_for="")
            codes = [self.first_answer(client, self.matured[0])]
            started = time.monotonic()
            while codes[-1] == UNRECORDED:
                self.assertLess(time.monotonic(), started + PATIENCE)
                if len(codes) == 1:  # a new one is not taken, and a look says why
                    self.assertEqual(client.codes([name(ZONE, "10.3.1.1")]), [UNRECORDED])
                    if client.looks(self.pending[:1])[0]["why"] != "loading":
                        continue
                time.sleep(0.005)
                codes += client.codes(self.matured[:1])
            return codes, time.monotonic() - started

    def assert_all_there(self):
        with Client(self.port) as client:
            self.assertEqual({look["why"] for look in client.looks(self.matured)}, {"known"})
            self.assertEqual({look["why"] for look in client.looks(self.pending)}, {"matured"})

    def test_it_answers_at_once_and_has_everything_soon(self):
        for attempt in range(ATTEMPTS):
            codes, seconds = self.load()
            print(f"{ROWS} rows were there {seconds:.2f} s after the first answer (the mark is {MARK:.2f} s), "
                  f"{grey.cpu_seconds(self.server.process):.2f} s of CPU, {grey.resident_bytes(self.server.process) >> 20} MiB",
                  flush=True)
            self.assertEqual(codes[-1], KNOWN)  # never deferred on the way
            self.assert_all_there()
            self.assertEqual(self.server.stop(), 0)
            if len(codes) > 1:
                break
        self.assertGreater(len(codes), 1, "it never answered before it had loaded")

    def test_an_end_while_it_loads_harms_nothing(self):
        for with_signal, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
            self.server.start()
            self.assertEqual(self.server.stop(with_signal), code, self.server.log)
        self.load()
        self.assert_all_there()
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    main()
