#!/usr/bin/python3
"""Local overrides, of a whole server: `rblitz list` counts at once, is kept over kill -9, and ends when its time is over."""

import json
import os
import signal
import threading
import time
import unittest
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.reversename

from harness import Server, endless_feed, free_port, main

ALL = "".join(f'[[zone]]\nname = "{name}.test"\nfeeds = {feeds}\n' for name, feeds in
              {"bl": '["ip4"]', "both": '["ip4", "ip6"]', "names": '["names"]', "out": '["absent"]'}.items())
FEEDS = "".join(f'[[feed]]\nname = "{name}"\npath = "{name}.txt"\nformat = "{form}"\n{more}' for name, form, more in
                (("ip4", "cidr", 'a = "127.0.0.4"\n'), ("ip6", "cidr", ""), ("names", "dnset", ""), ("absent", "cidr", "")))
FILES = {"ip4.txt": "192.0.2.0/24\n198.51.100.1\n", "ip6.txt": "2001:db8::/32\n", "names.txt": ".spam.example\nham.example\n"}


def config(port, more=""):
    return f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n{more}{FEEDS}{ALL}'


def labels(what):
    """An address or a name as it is asked for."""
    if ":" in what or what.replace(".", "").isdigit():
        return dns.reversename.from_address(what).to_text().removesuffix(".in-addr.arpa.").removesuffix(".ip6.arpa.")
    return what


class Lists(unittest.TestCase):
    more = ""

    def setUp(self):
        self.port = free_port()
        self.server = self.enterContext(Server(config(self.port, self.more), FILES))

    def answer(self, what, zone="bl", rdtype="A"):
        """The records, or the code of an answer that has none."""
        query = dns.message.make_query(f"{labels(what)}.{zone}.test", rdtype)
        answer = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=5)
        records = sorted(record.to_text() for rrset in answer.answer for record in rrset)
        return records or dns.rcode.to_text(answer.rcode())

    def run_list(self, *arguments, exit_code=0):
        done = self.server.rblitz("--json", "list", *arguments)
        self.assertEqual(done.returncode, exit_code, done.stderr)
        return json.loads(done.stdout) if exit_code == 0 else done.stderr

    def overrides(self, *arguments):
        return [(one["kind"], one["what"], one["zone"]) for one in self.run_list("show", *arguments)["overrides"]]


class Overrides(Lists):
    def serial(self):
        query = dns.message.make_query("bl.test", "SOA")
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=5).answer[0][0].serial

    def test_the_serial_never_goes_back(self):
        def wait_for_copies():
            self.server.wait_until(lambda: not any(feed["copy_pending"] for feed in self.server.json("status")["feeds"]))

        serials = [self.serial()]
        wait_for_copies()
        os.utime(self.server.folder / "ip4.txt", (1_700_000_000,) * 2)  # older data
        for step in (["reload", "ip4"], ["list", "add", "203.0.113.9"], ["list", "forget", "203.0.113.9"], ["rollback", "ip4"], None):
            wait_for_copies()
            if step is None:
                self.server.stop()
                self.server.start()
            else:
                self.assertEqual(self.server.rblitz(*step).returncode, 0, step)
            serials.append(self.serial())
        self.assertEqual(serials, sorted(serials))
        self.assertEqual(len(set(serials[:5])), 5, serials)

    def test_add_lists_at_once_with_the_zones_usual_value(self):
        self.assertEqual(self.answer("203.0.113.9"), "NXDOMAIN")
        added = self.run_list("add", "203.0.113.9", "--why", "sends $ spam")
        self.assertEqual(added["zones"], ["bl.test", "both.test"])
        for zone in ("bl", "both"):
            self.assertEqual(self.answer("203.0.113.9", zone), ["127.0.0.4"])
            self.assertEqual(self.answer("203.0.113.9", zone, "TXT"), ['"sends $ spam"'])
        self.assertEqual(self.answer("203.0.113.10"), "NXDOMAIN")
        self.run_list("add", "203.0.113.9", "--a", "127.0.0.77")
        self.assertEqual(self.answer("203.0.113.9"), ["127.0.0.77"])
        self.run_list("forget", "203.0.113.9")
        self.assertEqual(self.answer("203.0.113.9"), "NXDOMAIN")

    def test_remove_delists_what_feeds_list_until_it_is_forgotten(self):
        self.run_list("remove", "192.0.2.7")
        self.assertEqual(self.answer("192.0.2.7"), "NXDOMAIN")
        self.assertEqual(self.answer("192.0.2.7", rdtype="TXT"), "NXDOMAIN")
        self.assertEqual(self.answer("192.0.2.8"), ["127.0.0.4"])
        self.run_list("forget", "192.0.2.7")
        self.assertEqual(self.answer("192.0.2.7"), ["127.0.0.4"])

    def test_the_most_specific_override_decides(self):
        self.run_list("remove", "192.0.2.0/24")
        self.run_list("add", "192.0.2.128/25", "--a", "127.0.0.5")
        self.run_list("remove", "192.0.2.200")
        self.assertEqual([self.answer(f"192.0.2.{last}") for last in (1, 129, 200)],
                         ["NXDOMAIN", ["127.0.0.4", "127.0.0.5"], "NXDOMAIN"])

    def test_a_zone_of_its_own_and_the_last_word(self):
        self.run_list("remove", "198.51.100.1")
        self.run_list("add", "198.51.100.1", "--zone", "both.test", "--a", "127.0.0.6")
        self.assertEqual(self.answer("198.51.100.1"), "NXDOMAIN")
        self.assertEqual(self.answer("198.51.100.1", "both"), ["127.0.0.4", "127.0.0.6"])
        self.run_list("remove", "198.51.100.1", "--zone", "both.test")
        self.assertEqual(self.answer("198.51.100.1", "both"), "NXDOMAIN")
        self.assertEqual(self.overrides(), [("remove", "198.51.100.1", None), ("remove", "198.51.100.1", "both.test")])

    def test_ip6_and_names(self):
        self.run_list("remove", "2001:db8:1::/48")
        self.run_list("add", "2001:db9::1")
        self.assertEqual(self.answer("2001:db8:1::1", "both"), "NXDOMAIN")
        self.assertEqual(self.answer("2001:db8:2::1", "both"), ["127.0.0.2"])
        self.assertEqual(self.answer("2001:db9::1", "both"), ["127.0.0.4"])
        self.run_list("remove", ".good.spam.example")
        self.run_list("add", "bad.good.spam.example")
        self.run_list("add", "*.other.example")
        listed = {"spam.example": True, "a.spam.example": True, "good.spam.example": False, "x.good.spam.example": False,
                  "bad.good.spam.example": True, "other.example": False, "x.other.example": True}
        self.assertEqual({name: self.answer(name, "names") == ["127.0.0.2"] for name in listed}, listed)
        self.assertNotEqual(self.answer("x.other.example"), ["127.0.0.2"], "a zone of addresses has got names")

    def test_a_zone_that_is_out_stays_out(self):
        self.run_list("add", "192.0.2.1")
        self.run_list("add", "192.0.2.1", "--zone", "out.test")
        self.assertEqual(self.answer("192.0.2.1", "out"), "SERVFAIL")

    def test_show_says_who_when_and_why(self):
        self.assertEqual(self.server.rblitz("list", "show").stdout, "no overrides\n")
        before = int(time.time())
        self.run_list("remove", "2001:DB8:0::/48", "--for", "1d", "--why", "a customer")
        shown = self.run_list("show")["overrides"]
        self.assertEqual([(one["what"], one["why"], one["until"] - one["since"]) for one in shown],
                         [("2001:db8::/48", "a customer", 86400)])
        self.assertLessEqual(abs(shown[0]["since"] - before), 2)
        self.assertTrue(shown[0]["by"])
        self.assertIn("2001:db8::/48", self.server.rblitz("list", "show").stdout)
        self.assertEqual(self.overrides("192.0.2.1"), [])
        self.assertEqual(self.server.json("status")["overrides"], {"count": 1, "problems": []})

    def test_mistakes_are_named_and_change_nothing(self):
        for arguments, what in ((("add", "192.0.2.1/24"), "bits after the prefix are set in '192.0.2.1/24'"),
                                (("add", "0.0.0.0/0"), "is the whole address space"),
                                (("add", "192.0.2.0/33"), "bad network '192.0.2.0/33'"),
                                (("add", "2001:db8::x"), "bad address '2001:db8::x'"),
                                (("add", "no name"), "no name"),
                                (("add", "192.0.2.1", "--zone", "other.test"), "zone 'other.test' is not served here"),
                                (("add", "192.0.2.1", "--a", "x"), "a: bad address 'x'"),
                                (("add", "192.0.2.1", "--for", "x"), "--for: bad time 'x'"),
                                (("add", "192.0.2.1", "--for", "0"), "--for 0 is no time"),
                                (("forget", "192.0.2.1"), "there is no override of '192.0.2.1' for every zone")):
            with self.subTest(arguments=arguments):
                self.assertIn(what, self.run_list(*arguments, exit_code=1))
        self.assertEqual(self.overrides(), [])


class Kept(Lists):
    def restart(self):
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.server.start()

    def test_overrides_outlive_kill_9_at_any_moment(self):
        given = []

        def give():
            for number in range(1000):
                if self.server.rblitz("list", "add", f"203.0.113.{number % 250}", "--a", "127.0.0.8").returncode != 0:
                    return
                given.append(number % 250)

        for _ in range(3):
            given.clear()
            thread = threading.Thread(target=give)
            thread.start()
            self.server.wait_until(lambda: len(given) > 5)
            self.server.process.send_signal(signal.SIGKILL)
            self.server.process.wait()
            thread.join()
            self.server.start()
            kept = {what for _, what, _ in self.overrides()}
            self.assertEqual({f"203.0.113.{number}" for number in given} - kept, set())
            self.assertEqual({self.answer(f"203.0.113.{number}")[0] for number in given}, {"127.0.0.8"})

    def test_time_ends_an_override_within_a_second(self):
        self.run_list("remove", "192.0.2.7", "--for", "2")
        self.run_list("add", "203.0.113.9", "--for", "2")
        until = max(one["until"] for one in self.run_list("show")["overrides"])
        self.assertEqual(self.answer("192.0.2.7"), "NXDOMAIN")
        time.sleep(max(0, until + 1 - time.time()))
        self.assertEqual((self.answer("192.0.2.7"), self.answer("203.0.113.9")), (["127.0.0.4"], "NXDOMAIN"))
        self.assertEqual(self.overrides(), [])
        self.assertEqual((self.server.folder / "state/overrides").read_text().count("\n"), 1)

    def test_what_is_over_at_the_start_is_not_served(self):
        self.run_list("add", "203.0.113.9", "--for", "1")
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        time.sleep(1.5)
        self.server.start()
        self.assertEqual(self.answer("203.0.113.9"), "NXDOMAIN")

    def test_a_broken_file_is_kept_aside_and_what_can_be_read_counts(self):
        self.run_list("add", "203.0.113.9")
        self.run_list("remove", "192.0.2.7")
        self.server.stop()
        path = self.server.folder / "state/overrides"
        broken = path.read_text().replace('"what":"192.0.2.7"', '"what":"192.0.2"')
        path.write_text(broken)
        self.server.start()
        problems = self.run_list("show")["problems"]
        self.assertEqual(len(problems), 2, problems)
        self.assertIn("overrides:3: what: ", problems[0])
        aside = problems[1].partition("kept aside as ")[2]
        self.assertEqual(Path(aside).read_text(), broken)
        self.assertIn("event=overrides_broken", self.server.log)
        self.assertEqual(self.overrides(), [("add", "203.0.113.9", None)])
        self.assertEqual((self.answer("203.0.113.9"), self.answer("192.0.2.7")), (["127.0.0.4"], ["127.0.0.4"]))
        for text, what in (("", "is empty"), ("{}\n", "is no file of overrides"),
                           ('{"rblitz":"overrides","version":1,"overrides":2}\n', "has 0 overrides, not 2")):
            with self.subTest(text=text):
                self.server.stop()
                path.write_text(text)
                self.server.start()
                self.assertIn(what, self.run_list("show")["problems"][0])

    def test_a_state_that_cannot_be_written_changes_nothing(self):
        self.run_list("add", "203.0.113.9")
        (self.server.folder / "state/overrides.tmp").mkdir()
        self.assertIn("overrides.tmp: cannot open", self.run_list("add", "203.0.113.10", exit_code=1))
        self.assertEqual(self.answer("203.0.113.10"), "NXDOMAIN")
        self.assertEqual(self.overrides(), [("add", "203.0.113.9", None)])

    def test_an_override_does_not_wait_for_a_load(self):
        self.server.write("names.txt", endless_feed())
        asking = threading.Thread(target=lambda: self.server.rblitz("reload", "names"), daemon=True)
        asking.start()
        self.server.wait_until(lambda: self.server.reads("names.txt"))
        begin = time.monotonic()
        self.run_list("add", "203.0.113.9")
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.answer("203.0.113.9"), ["127.0.0.4"])
        self.server.stop()


if __name__ == "__main__":
    main()
