#!/usr/bin/python3
"""Zones of heat, asked as operators and mail servers ask them: over UDP and TCP sockets, and over a DPDK port."""

import json
import math
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import dns.query

import heat
from harness import Server, dpdk_tables, free_port, inside, main, missing_for_namespaces, namespace, programs

OWN, PORT = "10.53.0.1", "10.53.0.53"
TEXT = ("203.0.113.0/24 183\n203.0.112.0/24 190\n203.0.114.0/23 94\n198.51.0.0/16 80\n192.0.2.0/24 63\n127.0.0.0/8 255\n"
        "100.64.0.0/24 250\n100.64.1.0/24 255\n")
COUNTS = "100.64.2.9 100\n100.64.3.9 9\n"
MAP = heat.grey_map({198 << 8 | 18: 200, 9 << 8 | 9: 70, 10 << 8: 40})
OTHER_MAP = heat.grey_map({198 << 8 | 18: 150, 11 << 8: 90})
FEEDS = "".join(f'[[feed]]\nname = "{name}"\npath = "{path}"\nformat = "{form}"\ncheck = 0\n{more}' for name, path, form, more in (
    ("text", "text.txt", "heat", ""), ("counts", "counts.txt", "heat-counts", "scale_max = 100\n"), ("map", "map.png", "heat-png", ""),
    ("list", "list.txt", "cidr", "")))
ZONES = """
[[heat]]
zone = "heat.test"
feeds = ["text", "counts"]
[[heat]]
zone = "all.test"
feeds = ["text"]
levels = [24, 22, 20]
min_score = 30
answer = "all"
[[heat]]
zone = "plain.test"
feeds = ["text"]
min_score = 100
mode = "plain"
[[heat]]
zone = "map.test"
feeds = ["map"]
[[zone]]
name = "bl.test"
feeds = ["list"]
"""
FILES = {"text.txt": TEXT, "counts.txt": COUNTS, "map.png": MAP, "list.txt": "203.0.113.9\n"}
# What is asked: zone, address, and the answer.
ANSWERS = (
    ("heat.test", "203.0.113.9", "127.0.24.183"),
    ("heat.test", "203.0.114.200", "127.0.24.94"),
    ("heat.test", "198.51.7.7", "127.0.24.80"),
    ("heat.test", "192.0.2.9", "NXDOMAIN"),  # below min_score
    ("heat.test", "100.64.2.200", "127.0.24.255"),  # by a count
    ("heat.test", "100.64.3.1", "127.0.24.127"),
    ("heat.test", "100.64.9.1", "NXDOMAIN"),
    ("heat.test", "8.8.8.8", "NXDOMAIN"),
    ("heat.test", "127.0.0.2", "127.0.24.2"),  # test points, however hot 127/8 is
    ("heat.test", "127.0.0.1", "NXDOMAIN"),
    ("heat.test", "127.0.0.3", "127.0.24.255"),
    ("all.test", "203.0.113.9", "127.0.24.183,127.0.22.140,127.0.20.35"),
    ("all.test", "100.64.9.1", "127.0.20.32"),
    ("plain.test", "203.0.113.9", "127.0.0.2"),
    ("plain.test", "203.0.114.9", "NXDOMAIN"),
    ("plain.test", "127.0.0.2", "127.0.0.2"),
    ("plain.test", "127.0.0.1", "NXDOMAIN"),
    ("map.test", "198.18.255.1", "127.0.24.200"),
    ("map.test", "9.9.9.9", "127.0.24.70"),
    ("map.test", "10.0.0.1", "NXDOMAIN"),
    ("bl.test", "203.0.113.9", "127.0.0.2"),
)


class Checks:
    """Of a server with all of the above."""

    def check_answers(self, ask):
        for zone, address, expected in ANSWERS:
            with self.subTest(zone=zone, address=address):
                self.assertEqual(ask(heat.name(address, zone)), expected)
        text = ask(heat.name("100.64.0.7", "heat.test"), "TXT")
        self.assertRegex(text, r'^"heat=250 level=24 prefix=100\.64\.0\.0/24 n22=222 n20=55 n16=3 active16=4/256 '
                               r'asof=20\d\d-\d\d-\d\dT\d\d:\d\dZ src=text,counts"$')
        self.assertEqual(ask(heat.name("203.0.113.9", "heat.test"), "AAAA"), "NODATA")
        self.assertEqual(ask("113.0.203.heat.test"), "NODATA")
        self.assertEqual(ask("www.heat.test"), "NXDOMAIN")


class Sockets(unittest.TestCase, Checks):
    def setUp(self):
        self.port = free_port()
        server = f'[server]\nlisten = ["127.0.0.1:{self.port}"]\nstate = "state"\n'
        self.server = self.enterContext(Server(server + FEEDS + ZONES, FILES))

    def ask(self, qname, kind="A", over=dns.query.udp):
        return heat.ask(qname, kind, port=self.port, over=over)

    def test_udp_and_tcp_answer_alike(self):
        self.check_answers(self.ask)
        self.check_answers(lambda qname, kind="A": self.ask(qname, kind, over=dns.query.tcp))
        self.server.check_sums(self)

    def test_dig_shows_levels(self):
        def dig(*words):
            return subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "+short", *words], capture_output=True, text=True,
                                  check=True, timeout=60).stdout.splitlines()

        self.assertEqual(dig("9.113.0.203.heat.test"), ["127.0.24.183"])
        self.assertEqual(dig("9.113.0.203.all.test"), ["127.0.24.183", "127.0.22.140", "127.0.20.35"])
        self.assertEqual(dig("+tcp", "1.255.18.198.map.test"), ["127.0.24.200"])
        self.assertTrue(dig("9.113.0.203.heat.test", "TXT")[0].startswith('"heat=183 level=24 prefix=203.0.113.0/24 '))
        self.assertEqual(dig("8.8.8.8.heat.test"), [])

    def test_the_operator_s_commands_know_heat(self):
        for zone, address, _ in ANSWERS:
            self.ask(heat.name(address, zone))
        status = self.server.json("status")
        self.assertEqual({zone["name"]: zone["state"] for zone in status["zones"]},
                         dict.fromkeys(("heat.test", "all.test", "plain.test", "map.test", "bl.test"), "serving"))
        entries = {feed["name"]: feed["entries"] for feed in status["feeds"]}
        self.assertEqual(entries, {"text": 4 + 256 + 1 + 65536 + 2, "counts": 2, "map": 3 * 256, "list": 1})
        zones = self.server.json("stats")["zones"]
        of_heat = [expected for zone, _, expected in ANSWERS if zone == "heat.test"]
        self.assertEqual((zones["heat.test"]["listed"], zones["heat.test"]["nxdomain"]),
                         (sum(a != "NXDOMAIN" for a in of_heat), of_heat.count("NXDOMAIN")))

        lookup = self.server.json("lookup", "203.0.113.9", "--zone", "all.test")
        (zone,) = lookup["zones"]
        self.assertEqual([(record["a"], record["feed"]) for record in zone["records"]],
                         [("127.0.24.183", "text"), ("127.0.22.140", "text"), ("127.0.20.35", "text")])
        self.assertTrue(zone["records"][0]["txt"].startswith("heat=183 level=24 "))
        self.assertEqual(self.server.rblitz("lookup", "8.8.8.8").returncode, 3)
        dump = self.server.rblitz("dump", "heat.test")
        self.assertEqual((dump.returncode, dump.stdout), (1, ""))
        self.assertIn("is one of heat", dump.stderr)
        # Overrides are for lists.
        self.server.json("list", "add", "8.8.8.8")
        self.assertEqual((self.ask(heat.name("8.8.8.8", "heat.test")), self.ask(heat.name("8.8.8.8", "bl.test"))),
                         ("NXDOMAIN", "127.0.0.2"))

    def test_own_networks_that_are_listed_are_told_of(self):
        self.server.write("list.txt", "203.0.113.9\n203.0.113.64/26\n203.0.113.80\n8.8.8.0/24\n2001:db8:7::/64\n2001:db8:9::1\n")
        self.server.json("reload", "list")
        self.server.json("list", "remove", "203.0.113.127", "--zone", "bl.test")
        own = self.server.folder / "own.txt"
        own.write_text("192.0.2.0/24 cold\n203.0.113.0/25 pool\n203.0.113.80/28\n203.0.114.0/24\n2001:db8:7::/48 six\n2001:db8:9::/48\n")
        done = self.server.rblitz("heat", "report", "--own", str(own), "--zone", "heat.test", "--json")
        self.assertEqual((done.returncode, done.stderr), (4, ""))
        report = json.loads(done.stdout)
        self.assertEqual((report["listed"], report["warm"], report["clean"], report["source"]), (4, 1, 1, "heat.test"))
        of = {one["network"]: one for one in report["networks"]}
        self.assertEqual([one["network"] for one in report["networks"]][-2:], ["203.0.114.0/24", "192.0.2.0/24"])
        (listing,) = of["203.0.113.0/25"]["listed"]
        self.assertEqual({key: listing[key] for key in ("zone", "feed", "addresses")}, {"zone": "bl.test", "feed": "list", "addresses": 64})
        self.assertEqual(listing["first"][:2], ["203.0.113.9", "203.0.113.64/28"])
        self.assertEqual([one["addresses"] for one in of["203.0.113.80/28"]["listed"]], [16])
        self.assertEqual([one["addresses"] for one in of["2001:db8:7::/48"]["listed"]], [2**64])
        self.assertEqual([one["first"] for one in of["2001:db8:9::/48"]["listed"]], [["2001:db8:9::1"]])
        self.assertEqual(of["192.0.2.0/24"]["listed"], [])
        self.assertEqual((of["203.0.113.0/25"]["score"], of["203.0.114.0/24"]["state"]), (183, "warm"))
        text = self.server.rblitz("heat", "report", "--own", str(own), "--feed", "text")
        self.assertEqual(text.returncode, 4)
        self.assertIn("  203.0.113.80/28: 16 in bl.test by list:", text.stdout)

        log = self.server.folder / "mail.log"
        log.write_text("203.0.113.9\n8.8.8.8\n")
        done = self.server.rblitz("heat", "report", "--log", str(log), "--zone", "heat.test", "--csv")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (3, "203.0.113.0/24,24,1,1,183"))
        self.assertEqual(self.server.rblitz("heat", "report", "--log", str(log), "--zone", "bl.test").returncode, 1)

    def test_reports_tell_of_ip6_as_they_do_of_a_file(self):
        rows = TEXT + "2001:db8:7:1::/64 80\n2001:db8:8::/48 99\n2001:db8:7:2::/64 5\n2001:db8:7:100::/56 20\n"
        self.server.write("text.txt", rows)
        self.server.write("counts.txt", COUNTS + "2001:db8:8::/48 9\n")
        self.server.json("reload", "text", "counts")
        own = self.server.folder / "own.txt"
        own.write_text("203.0.113.0/25 pool\n2001:db8:7::/48 six\n2001:db8:9::/48 cold\n2001:db8:7:1::/64\n")
        log = self.server.folder / "mail.log"
        log.write_text("203.0.113.9\n2001:db8:7:1::25\n2001:db8:8:9::1\n2001:db8:7:2::1\n2001:db8:7:103::1\n2001:db8:9::1\n")
        whole = self.server.folder / "whole.txt"
        whole.write_text(rows)

        def report(*words):
            done = self.server.rblitz("heat", "report", *words, "--json")
            self.assertEqual((done.returncode, done.stderr), (3 if "--log" in words else done.returncode, ""), words)
            made = json.loads(done.stdout)
            for network in made["networks"]:
                network.pop("listed", None)  # a server was asked
            made.pop("source")
            for key in ("listed", "warm", "clean"):
                made.pop(key, None)
            for network in made["networks"]:
                network.pop("state", None)
            return made

        for words in (("--own", own), ("--own", own, "--min-score", "1"), ("--log", log), ("--log", log, "--min-score", "1")):
            words = tuple(map(str, words))
            of_file = report(*words, "--file", str(whole))
            self.assertEqual(report(*words, "--feed", "text"), of_file, words)
        scores = {one["network"]: one["score"] for one in report("--own", str(own), "--zone", "heat.test")["networks"]}
        self.assertEqual(scores, {"203.0.113.0/25": 183, "2001:db8:7::/48": 105, "2001:db8:9::/48": 0, "2001:db8:7:1::/64": 80})
        of_zone = report("--log", str(log), "--zone", "heat.test")
        self.assertEqual((of_zone["ip6"], of_zone["hot"], of_zone["known"]), (5, 5, 5))
        # The live traffic is known of IPv4 alone, which is said.
        for words, code in ((("--own", str(own)), 4), (("--log", str(log)), 0)):
            done = self.server.rblitz("heat", "report", *words, "--traffic")
            self.assertEqual(done.returncode, code, done)
            self.assertIn("the live traffic is known of IPv4 alone", done.stderr)

    def test_a_map_that_is_damaged_leaves_the_one_that_is_served(self):
        qname = heat.name("198.18.255.1", "map.test")
        for damaged in (MAP[:-40], b"no map", heat.grey_map({0: 1}, 3), b""):
            self.server.write("map.png", damaged)
            done = self.server.rblitz("reload", "map")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("map.png", done.stdout + done.stderr)
            self.assertEqual(self.ask(qname), "127.0.24.200")
        self.assertEqual(self.ask(heat.name("203.0.113.9", "heat.test")), "127.0.24.183")
        self.server.write("map.png", OTHER_MAP)
        (feed,) = self.server.json("reload", "map")["feeds"]
        self.assertEqual((feed["state"], feed["added"], feed["removed"]), ("loaded", 256, 512))
        self.assertEqual([self.ask(heat.name(address, "map.test")) for address in ("198.18.255.1", "9.9.9.9", "11.0.7.7")],
                         ["127.0.24.150", "NXDOMAIN", "127.0.24.90"])

    def test_reloads_lose_nothing(self):
        stop, answers = threading.Event(), []

        def client():
            with open(self.server.folder / "client.log", "w") as log:
                try:
                    while not stop.is_set():
                        answers.append(self.ask(heat.name("198.18.255.1", "map.test")))
                except Exception as error:  # whatever it is: the test says so
                    log.write(f"{error!r}")

        thread = threading.Thread(target=client)
        thread.start()
        try:
            for i in range(20):
                self.server.write("map.png", (OTHER_MAP, MAP)[i % 2])
                (feed,) = self.server.json("reload", "map")["feeds"]
                self.assertEqual((feed["state"], feed["added"] + feed["removed"]), ("loaded", 256 + 512))
        finally:
            stop.set()
            thread.join()
        self.assertEqual((self.server.folder / "client.log").read_text(), "")
        self.assertEqual(set(answers), {"127.0.24.200", "127.0.24.150"})
        stats = self.server.check_sums(self)
        self.assertEqual(stats["answered"], len(answers))


class Watched(unittest.TestCase):
    def test_files_that_change_are_read_without_being_asked_for(self):
        port = free_port()
        feeds = FEEDS.replace("check = 0", 'check = "1s"')
        server = self.enterContext(Server(f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n' + feeds + ZONES, FILES))
        ask = lambda address, zone: heat.ask(heat.name(address, zone), port=port)
        self.assertEqual(ask("198.18.255.1", "map.test"), "127.0.24.200")
        server.write("map.png", OTHER_MAP)
        server.wait_until(lambda: ask("198.18.255.1", "map.test") == "127.0.24.150")
        self.assertEqual(ask("203.0.113.9", "heat.test"), "127.0.24.183")
        server.write("text.txt", FILES["text.txt"] + "203.0.113.0/24 251\n")
        server.wait_until(lambda: ask("203.0.113.9", "plain.test") == "127.0.0.2" and ask("203.0.113.9", "heat.test") != "127.0.24.183")
        before = ask("203.0.113.9", "heat.test")
        # What is bad is said, with its name, and not served.
        server.write("map.png", MAP[:-40])
        server.wait_for_log("event=feed_failed feed=map")
        self.assertEqual([ask("198.18.255.1", "map.test"), ask("203.0.113.9", "heat.test")], ["127.0.24.150", before])


class Traffic(unittest.TestCase):
    def test_what_is_asked_about_is_counted_served_and_exported(self):
        port = free_port()
        config = (f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n' + FEEDS + ZONES +
                  '[[heat]]\nzone = "live.test"\ntraffic = true\nmin_score = 1\n[traffic]\nhalf_life = "1h"\npublish = 1\nscale_max = 100\n')
        server = self.enterContext(Server(config, FILES))
        ask = lambda qname, **options: heat.ask(qname, port=port, **options)
        for i in range(30):
            ask(heat.name(f"8.8.8.{i}", "heat.test"))
        for i in range(10):
            ask(heat.name(f"8.9.9.{i}", "bl.test"), over=dns.query.tcp)
        # Neither names nor what is not served here tell of anybody.
        ask("www.heat.test")
        ask(heat.name("7.7.7.7", "elsewhere.test"))
        server.wait_until(lambda: server.json("heat", "top")["samples"] >= 40)
        top = server.json("heat", "top")
        self.assertEqual([network["prefix"] for network in top["top"]], ["8.8.8.0/24", "8.9.9.0/24"])
        self.assertEqual((top["samples"], top["networks"], top["lost"], top["half_life"]), (40, 2, 0, 3600))
        for network, questions in zip(top["top"], (30, 10)):
            self.assertAlmostEqual(network["questions"], questions, delta=questions / 10)
            self.assertAlmostEqual(network["share"], questions / 40, delta=0.01)
            self.assertAlmostEqual(network["score"], 255 * math.log1p(questions) / math.log1p(100), delta=5)
        (slash_eight,) = server.json("heat", "top", "--level", "8")["top"]
        self.assertEqual((slash_eight["prefix"], slash_eight["active"], slash_eight["highest"]), ("8.0.0.0/8", 2, top["top"][0]["score"]))
        self.assertEqual(len(server.json("heat", "top", "-n", "1")["top"]), 1)
        self.assertRegex(server.rblitz("heat", "top").stdout, r"(?m)^ *8\.8\.8\.0/24 +\d+ +\d+ +(29|30) +7\d\.\d%$")

        server.wait_until(lambda: ask(heat.name("8.8.8.200", "live.test")).startswith("127.0.24."))
        self.assertIn("src=traffic", ask(heat.name("8.8.8.200", "live.test"), kind="TXT"))
        cells = dict(line.split() for line in server.rblitz("heat", "cells", "--traffic").stdout.splitlines())
        self.assertEqual(set(cells), {"8.8.8.0/24", "8.9.9.0/24"})
        rows = server.rblitz("heat", "cells", "--feed", "text").stdout
        self.assertEqual(rows.count("\n"), 4 + 256 + 1 + 65536 + 2)
        # What is exported is read again as it was.
        server.write("text.txt", rows)
        (feed,) = server.json("reload", "text")["feeds"]
        self.assertEqual((feed["rejected"], feed["added"], feed["removed"]), (0, 0, 0))
        self.assertEqual(server.json("heat", "cells", "--zone", "map.test")[0], {"prefix": "9.9.0.0/24", "score": 70})
        for wrong, code in ((["--feed", "list"], 1), (["--zone", "bl.test"], 1), ([], 2), (["--traffic", "--feed", "map"], 2)):
            self.assertEqual(server.rblitz("heat", "cells", *wrong).returncode, code, wrong)


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class FullDisk(unittest.TestCase):
    """On a file system of 64 KiB, which the test mounts for itself alone."""

    # What is run there prints files and what is in them behind the output of the command.
    SCRIPT = """mount -t tmpfs -o size=64k none "$1" && cd "$1" && printf %s "$2" >before && shift 2 &&
        "$@"; echo "exit $?"; head -c 99 * /dev/null"""

    def run_there(self, before, *words):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["unshare", "-m", "sh", "-c", self.SCRIPT, "sh", folder, before, *map(str, words)], capture_output=True,
                                  text=True, timeout=300)
        output, _, rest = done.stdout.partition("exit ")
        code, _, files = rest.partition("\n")
        kept = [line[4:-4] for line in files.splitlines() if line.startswith("==> ")]
        return int(code), output, done.stderr, kept, files

    def test_a_picture_or_report_that_has_no_room_leaves_what_was_there(self):
        with tempfile.TemporaryDirectory() as folder:
            heat_file, own = Path(folder) / "heat.txt", Path(folder) / "own.txt"
            heat_file.write_text("".join(f"{i % 224}.{i * 7 % 256}.{i * 31 % 256}.0/24 {1 + i % 255}\n" for i in range(20000)))
            own.write_text("".join(f"10.{i}.0.0/16 office {i}\n" for i in range(256)))
            draw = (programs.rblitz, "heat", "map", "--file", heat_file, "--order", "10")
            for name in ("before", "new.png"):
                code, output, errors, kept, files = self.run_there("a picture", *draw, "-o", name)
                self.assertEqual((code, output, errors), (1, "", f"rblitz: heat map: {name}: cannot write: No space left on device\n"))
                self.assertEqual(kept, ["before", "/dev/null"])
                self.assertIn("a picture", files)
            # A report that is too large for the file of --last; one to a file that is standard output.
            report = (programs.rblitz, "heat", "report", "--file", heat_file, "--own", own)
            last = json.dumps({"networks": [{"network": "10.1.0.0/16", "score": 7}]})
            code, output, errors, kept, files = self.run_there(last, *report, "--last", "before")
            self.assertEqual((code, output, errors), (1, "", "rblitz: heat report: before: cannot write: No space left on device\n"))
            self.assertEqual(kept, ["before", "/dev/null"])
            self.assertIn(last, files)
            code, _, errors, _, _ = self.run_there("", "sh", "-c", 'exec "$@" >out', "sh", *report, "--json")
            self.assertEqual(code, 1)
            self.assertIn("standard output: No space left on device", errors)


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Dpdk(unittest.TestCase, Checks):
    def test_a_port_answers_as_sockets_do(self):
        config = dpdk_tables(["net_tap0,iface=rbheat0"], [[f"{PORT}/24"]])
        space = self.enterContext(namespace())
        server = self.enterContext(Server(config + FEEDS + ZONES, FILES, space))
        for words in (("link", "set", "rbheat0", "address", "02:53:e2:e0:00:0a"), ("address", "add", f"{OWN}/24", "dev", "rbheat0"),
                      ("link", "set", "rbheat0", "up")):
            subprocess.run(["ip", "-n", space, *words], check=True)
        with inside(space):
            self.check_answers(lambda qname, kind="A": heat.ask(qname, kind, address=PORT))
        server.check_sums(self)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
