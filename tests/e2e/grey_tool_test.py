#!/usr/bin/python3
"""`rblitz grey`: what operators ask greylists and change in them, beside what DNS then says."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import grey
import harness
from grey import DEFER, KNOWN, MATURED, PASS_LIST, WHITELISTED, Client, greylist, name, triplets
from harness import Server, free_port, main

ZONE = "grey.test.example"
MAIL = ("192.0.2.4", "Alice@Example.com", "bob@test")


class One(grey.Asking):
    """A server with one greylist on the disk."""

    zone = ZONE

    def __init__(self, test, **keys):
        self.port = free_port()
        self.server = Server(grey.server_table(self.port) + greylist(ZONE, **{"store": "store"} | keys), grey.FILES)
        test.addCleanup(self.server.__exit__)
        (self.server.folder / "grey.key").chmod(0o600)
        self.test = test
        self.store = self.server.folder / "store"
        self.start()

    def kill_and_start(self):
        """At once: what was answered is on the disk."""
        self.server.stop(signal.SIGKILL)
        self.start()

    def whys(self, names):
        return {look["why"] for look in self.looks(names)}

    def run(self, *arguments, code=0):
        done = self.server.rblitz("grey", *map(str, arguments))
        self.test.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stderr if code in (1, 2) else done.stdout

    def json(self, *arguments):
        return self.server.json("grey", *map(str, arguments))

    def mature(self, names):
        """Needs a short delay."""
        self.test.assertEqual(set(self.codes(names)), {DEFER})
        self.server.wait_until(lambda: self.whys(names) == {"matured"})
        # The first success may pass those that come after it.
        self.test.assertEqual(set(self.codes(names)) - {WHITELISTED}, {MATURED})


def rblitz(*arguments):
    return subprocess.run([harness.programs.rblitz, *map(str, arguments)], capture_output=True, text=True, timeout=120)


class Digest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.key = self.folder / "grey.key"
        self.key.write_text(grey.KEY + "\n")
        self.key.chmod(0o600)

    def digest(self, *arguments):
        done = rblitz("grey", "digest", *arguments, "--key", self.key)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def test_names_are_those_of_the_vector_and_of_another_program(self):
        self.assertEqual(self.digest(*MAIL, "--zone", ZONE), "cac03031d808b1e889167915256e0703.5190f9ee3f5ecffd1ae44410eba1d525."
                         "4.2.0.192.grey.test.example")
        dice = random.Random(3)
        for client, options, flags in (("192.0.2.77", "", []), ("2001:db8::7", "d", ["--domain"]),
                                       ("10.0.0.1", "df", ["--aligned"])):
            sender = "x" + "".join(dice.choice("aAzZ.+-_=%'#") for _ in range(20)) + "@EXAMPLE.com"
            recipient = f"Ünknown{dice.random()}@Test"
            self.assertEqual(self.digest(client, sender, recipient, "--zone", ZONE, *flags),
                             name(ZONE, client, sender, recipient, options))
        self.assertEqual(self.digest("192.0.2.4", "", "bob@test", "--zone", ZONE), name(ZONE, sender=""))

    def test_a_recipient_is_what_a_list_of_those_who_opted_out_has(self):
        self.assertEqual(self.digest("PostMaster@test"), grey.digest("postmaster@test")[:32])

    def test_normal_addresses_are_those_of_the_policy_service(self):
        log = ("192.0.2.4", "prvs=1234567890=Alice+news@Example.com", "Bob+lists@test", "--zone", ZONE)
        self.assertEqual(self.digest(*log, "--normal"), name(ZONE))
        self.assertNotEqual(self.digest(*log), name(ZONE))
        self.assertEqual(self.digest(*MAIL, "--zone", ZONE, "--normal"), name(ZONE))
        self.assertEqual(self.digest("PostMaster+x@test", "--normal"), grey.digest("postmaster@test")[:32])

    @unittest.skipUnless(os.geteuid() == 0, "not root: files cannot be given away")
    def test_root_reads_a_key_of_a_services_user(self):
        os.chown(self.key, 12345, 12345)
        for mode in (0o600, 0o400):
            self.key.chmod(mode)
            self.assertEqual(self.digest(*MAIL, "--zone", ZONE), name(ZONE))
        self.test_a_key_that_others_can_read_is_refused()

    def test_a_configuration_knows_zone_and_key(self):
        (self.folder / "rblitz.toml").write_text(grey.server_table(free_port()) + greylist(ZONE, store="store"))
        done = rblitz("grey", "digest", *MAIL, "--config", self.folder / "rblitz.toml")
        self.assertEqual((done.returncode, done.stdout.strip()), (0, name(ZONE)), done.stderr)

    def test_a_key_that_others_can_read_is_refused(self):
        self.key.chmod(0o644)
        done = rblitz("grey", "digest", *MAIL, "--zone", ZONE, "--key", self.key)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(str(self.key), done.stderr)

    def test_wrong_usage(self):
        for arguments in (["digest"], ["digest", "192.0.2.4", "a@b"], ["nothing"], [], ["merge", "a"], ["list", "a", "b"],
                          ["forget"], ["lookup", "192.0.2.4", "--normal"], ["list", "--normal"], ["import", "--normal"]):
            self.assertEqual(rblitz("grey", *arguments).returncode, 2, arguments)


class Questions(unittest.TestCase):
    def test_a_look_up_says_what_dns_says_and_changes_nothing(self):
        one = One(self)
        for _ in range(2):
            one.run("lookup", *MAIL, code=3)
        answer = one.json("lookup", *MAIL)
        self.assertEqual((answer["a"], answer["why"]), (DEFER, "new"))
        self.assertEqual(one.whys([name(ZONE)]), {"new"})
        one.codes([name(ZONE)])
        answer, look = one.json("lookup", *MAIL), one.looks([name(ZONE)])[0]
        self.assertEqual((answer["a"], answer["why"], answer["first"]), (DEFER, "early", int(look["first"])))
        self.assertIn("early", one.run("lookup", *MAIL, code=3))
        row = answer["row"]
        self.assertEqual((row["kind"], row["network"], row["first"], row["passed"]),
                         ("triplet", "192.0.2.0/24", int(look["first"]), False))

    def test_rows_by_address_and_network(self):
        one = One(self, delay="1s", auto_whitelist=5)
        mine = [name(ZONE, "192.0.2.4", recipient=f"{i}@test") for i in range(10)]
        others = [name(ZONE, f"198.51.{i}.1") for i in range(20)] + [name(ZONE, "2001:db8::1")]
        one.mature(mine)
        one.codes(others)
        found = one.json("lookup", "192.0.2.4")
        self.assertEqual(found["credits"], 1)
        kinds = [row["kind"] for row in found["rows"]]
        self.assertEqual((kinds.count("triplet"), kinds.count("client")), (10, 1))
        self.assertIn("192.0.2.4", one.run("lookup", "192.0.2.4"))
        self.assertEqual(one.json("lookup", "192.0.2.9")["credits"], 0)
        count = lambda *arguments: len(one.json("list", *arguments)["rows"])
        self.assertEqual([count(n) for n in ("198.51.0.0/16", "198.51.7.0/24", "2001:db8::/32", "203.0.113.0/24")], [20, 1, 1, 0])
        self.assertEqual((count(), count("--limit", "7")), (10 + 1 + 20 + 1, 7))
        lines = one.run("list").splitlines()
        self.assertEqual(sum("198.51." in line for line in lines), 20)

    def test_stats_count_what_was_answered(self):
        one = One(self)
        names = triplets(random.Random(1), 100, ZONE)
        one.codes(names)
        one.codes(names[:50])
        looks = len(names)
        one.looks(names)
        (zone,) = one.json("stats")["zones"]
        self.assertEqual((zone["zone"], zone["state"], zone["rows"]["pending"]), (ZONE, "ready", 100))
        self.assertEqual(zone["answers"]["defer"], 150)
        self.assertEqual((zone["reasons"]["new"], zone["reasons"]["early"]), (100, 50))
        self.assertGreaterEqual(zone["looks"], looks)
        self.assertIn("defer 150", one.run("stats"))

    def test_a_server_without_greylists_says_so(self):
        lists = '[[feed]]\nname = "f"\npath = "f.txt"\nformat = "cidr"\n[[zone]]\nname = "bl.test"\nfeeds = ["f"]\n'
        server = self.enterContext(Server(grey.server_table(free_port()) + lists, {"f.txt": "192.0.2.1\n"}))
        done = server.rblitz("grey", "list")
        self.assertEqual(done.returncode, 1)
        self.assertIn("greylist", done.stderr)

    def test_with_several_greylists_one_is_named(self):
        port = free_port()
        text = grey.server_table(port) + greylist(ZONE) + greylist("other.test")
        with Server(text, grey.FILES) as server:
            (server.folder / "grey.key").chmod(0o600)
            done = server.rblitz("grey", "lookup", *MAIL)
            self.assertEqual(done.returncode, 1)
            self.assertIn("--zone", done.stderr)
            with Client(port) as client:
                client.codes([name("other.test")])
            whys = [server.json("grey", "lookup", *MAIL, "--zone", zone)["why"] for zone in (ZONE, "other.test")]
            self.assertEqual(whys, ["new", "early"])


class Changes(unittest.TestCase):
    def test_what_is_forgotten_waits_again_and_stays_forgotten(self):
        one = One(self, delay="1s", auto_whitelist=1)
        mails = [("10.1.1.1", "a@x.test", f"{i}@y.test") for i in range(5)]
        names = [name(ZONE, *mail) for mail in mails]
        one.mature(names)
        self.assertEqual(set(one.codes(names)), {WHITELISTED})
        one.run("export", one.server.folder / "before")
        self.assertIn("1 row", one.run("forget", "10.1.1.1") + " 1 row")
        self.assertNotEqual(one.looks(names)[0]["why"], "client")
        one.run("forget", *mails[0])
        self.assertEqual(one.whys(names[:1]), {"new"})
        one.kill_and_start()
        self.assertEqual(one.whys(names[:1]), {"new"})
        self.assertEqual(one.json("lookup", *mails[0])["why"], "new")
        # What others still know does not come back, and whoever comes anew waits and passes.
        one.run("import", one.server.folder / "before")
        self.assertEqual(one.whys(names[:1]), {"new"})
        one.mature(names[:1])
        one.run("import", one.server.folder / "before")
        self.assertLessEqual(set(one.codes(names[:1])), {KNOWN, WHITELISTED})

    def test_a_network_is_forgotten(self):
        one = One(self)
        mine, others = [name(ZONE, f"10.1.{i}.1") for i in range(50)], [name(ZONE, f"10.2.{i}.1") for i in range(50)]
        one.codes(mine + others)
        self.assertEqual(one.json("forget", "10.1.0.0/16")["forgotten"], 50)
        for _ in range(2):
            self.assertEqual((one.whys(mine), one.whys(others)), ({"new"}, {"early"}))
            one.kill_and_start()
        self.assertEqual(one.json("forget", "10.1.0.0/16")["forgotten"], 0)

    def test_an_address_or_network_is_allowed(self):
        one = One(self)
        inside, outside = name(ZONE, "10.1.2.3"), name(ZONE, "10.2.2.3")
        self.assertEqual(one.codes([inside, outside]), [DEFER, DEFER])
        one.run("allow", "10.1.0.0/16", "--for", "1d", "--why", "a partner")
        self.assertEqual(one.codes([inside, outside]), [PASS_LIST, DEFER])
        one.kill_and_start()
        self.assertEqual(one.codes([inside, outside]), [PASS_LIST, DEFER])

    def test_a_triplet_is_allowed_at_once_and_for_good(self):
        one = One(self, auto_whitelist=0)
        one.run("allow", *MAIL)
        self.assertEqual(one.codes([name(ZONE), name(ZONE, recipient="carol@test")]), [KNOWN, DEFER])
        one.kill_and_start()
        self.assertEqual(one.codes([name(ZONE)]), [KNOWN])
        one.run("forget", *MAIL)
        self.assertEqual(one.whys([name(ZONE)]), {"new"})
        one.run("allow", *MAIL)
        self.assertEqual(one.codes([name(ZONE)]), [KNOWN])
        one.run("allow", *MAIL, "--aligned")
        self.assertEqual(one.codes([name(ZONE, "198.51.100.1", options="df")]), [KNOWN])


class Moves(unittest.TestCase):
    def fill(self, one, first):
        """(passed, pending) names of networks of its own."""
        passed = [name(ZONE, f"10.{first}.{i}.1") for i in range(100)]
        one.mature(passed)
        pending = [name(ZONE, f"10.{first + 1}.{i}.1", "late@x.test") for i in range(100)]
        one.codes(pending)
        return passed, pending

    def assert_has(self, one, passed, pending):
        self.assertEqual(one.whys(passed), {"known"})
        self.assertLessEqual(one.whys(pending), {"early", "matured"})

    def test_rows_go_from_one_server_to_another(self):
        a, b = One(self, delay="1s", auto_whitelist=0), One(self, delay="1s", auto_whitelist=0)
        of_a, of_b = self.fill(a, 1), self.fill(b, 3)
        file = a.server.folder / "rows"
        self.assertEqual(a.json("export", file)["rows"], 200)
        firsts = [look["first"] for look in a.looks(of_a[1])]
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        self.assertEqual(len([line for line in lines if "kind" in line]), 200)
        self.assertEqual(file.stat().st_mode & 0o077, 0)
        for _ in range(2):
            b.run("import", file)
            self.assert_has(b, *of_a)
            self.assert_has(b, *of_b)
        self.assertEqual([look["first"] for look in b.looks(of_a[1])], firsts)
        self.assertEqual(len(b.json("list")["rows"]), 400)
        b.kill_and_start()
        self.assert_has(b, *of_a)
        # To standard output, and as it came.
        self.assertEqual(sorted(a.run("export", "-").splitlines()), sorted(file.read_text().splitlines()))

    def test_files_that_are_no_rows_are_refused_and_change_nothing(self):
        one = One(self)
        one.codes([name(ZONE)])
        good = one.run("export", "-").splitlines()
        row = json.loads(good[1])
        for lines in ([], ["nonsense"], good[1:], [good[0], "{"], [good[0], "[]"], [good[0], json.dumps(row | {"kind": "king"})],
                      [good[0], json.dumps(row | {"network": "300.0.0.0/24"})], [good[0], json.dumps(row | {"first": -1})],
                      [good[0], json.dumps(row | {"first": 2**40})], [good[0], json.dumps(row | {"id": "xyz"})],
                      [good[0], "x" * 100000], [good[0].replace("24", "16", 1), good[1]]):
            one.server.write("bad", "".join(line + "\n" for line in lines))
            self.assertTrue(one.run("import", one.server.folder / "bad", code=1).startswith("rblitz: grey import: "), lines)
        self.assertEqual(len(one.json("list")["rows"]), 1)

    def test_stores_of_two_servers_are_merged(self):
        a, b = One(self, delay="1s", auto_whitelist=0), One(self, delay="1s", auto_whitelist=0)
        of_a, of_b = self.fill(a, 1), self.fill(b, 3)
        done = rblitz("grey", "merge", a.store, b.store)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another server", done.stderr)
        for one in (a, b):
            self.assertEqual(one.server.stop(), 0)
        into = a.server.folder / "both"
        done = rblitz("--json", "grey", "merge", a.store, b.store, "--into", into)
        self.assertEqual((done.returncode, json.loads(done.stdout)["rows"]), (0, 400), done.stderr)
        b.start()
        self.assert_has(b, *of_b)
        self.assertEqual(b.whys(of_a[0]), {"new"})
        self.assertEqual(b.server.stop(), 0)
        # The same the other way round, in place, and once more.
        for _ in range(2):
            done = rblitz("--json", "grey", "merge", b.store, a.store)
            self.assertEqual((done.returncode, json.loads(done.stdout)["rows"]), (0, 400), done.stderr)
        shutil.rmtree(a.store)
        into.rename(a.store)
        for one in (a, b):
            one.start()
            self.assert_has(one, *of_a)
            self.assert_has(one, *of_b)


if __name__ == "__main__":
    main()
