#!/usr/bin/python3
"""Zones with rules on loopback sockets: clients at different addresses (allow, acl) and with different keys (aclkey), `except`,
combined feeds, and what reloading and failing files do to them."""

import re
import socket
import subprocess
import unittest

import dns.message
import dns.rcode
import dns.rdatatype

from harness import Server, free_port, main

PORT = free_port()
SERVER = f"""
[server]
listen = ["127.0.0.1:{PORT}", "[::1]:{PORT}"]
state = "state"
"""
FEEDS = """
[[feed]]
name = "data"
path = "data.txt"
format = "cidr"
[[feed]]
name = "own-whitelist"
path = "own.txt"
format = "cidr"
[[feed]]
name = "acl"
path = "acl.txt"
format = "acl"
[[feed]]
name = "keys"
path = "keys.txt"
format = "aclkey"
[[feed]]
name = "common"
path = "common.txt"
format = "combined"
"""
ZONES = """
[[zone]]
name = "open.test"
feeds = ["data"]
[[zone]]
name = "allow.test"
feeds = ["data"]
allow = ["127.0.0.8/29", "::1"]
[[zone]]
name = "acl.test"
feeds = ["data", "acl"]
[[zone]]
name = "key.test"
feeds = ["data", "keys"]
[[zone]]
name = "except.test"
feeds = ["data"]
except = ["own-whitelist"]
[[zone]]
name = "all.test"
feeds = ["common", "acl"]
"""
FILES = {
    "data.txt": "198.51.100.0/24\n",
    "own.txt": "198.51.100.7\n",
    "acl.txt": "127.0.0.20 :ignore\n127.0.0.21 :refuse\n127.0.0.22 :empty\n127.0.0.23 :127.255.255.254:not you, $\n",
    "keys.txt": ":refuse\nsecret :pass\nother =accept\nhollow :empty\nlapsed :127.255.255.254:renew your key, $\nclosed :ignore\n",
    "common.txt": "$DATASET ip4set proxies @\n:2:proxy $\n192.0.2.10\n$DATASET ip4set relays @\n:3:\n198.51.100.10\n",
}
LISTED = "9.100.51.198."


def ask(name, client="127.0.0.1", kind="A", seconds=5):
    """Rcode, or the data of the answer where there is some; None when no answer comes."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(seconds)
        asking.bind((client, 0))
        asking.sendto(dns.message.make_query(name, kind).to_wire(), ("::1" if ":" in client else "127.0.0.1", PORT))
        try:
            answer = dns.message.from_wire(asking.recv(4096))
        except socket.timeout:
            return None
    data = sorted(item.to_text() for rrset in answer.answer for item in rrset)
    return data if data else dns.rcode.to_text(answer.rcode())


def dig(name, kind="A"):
    """Status and data of the answer, as dig prints them."""
    done = subprocess.run(["dig", "@127.0.0.1", "-p", str(PORT), name, kind, "+tries=1", "+time=5", "+nocmd", "+nostats"],
                          capture_output=True, text=True, timeout=30)
    status = re.search(r"status: (\w+)", done.stdout)
    data = re.findall(r"^[^;\s]\S*\s+\d+\s+IN\s+" + kind + r"\s+(.+)$", done.stdout, re.M)
    return status and status[1], sorted(data)


class Rules(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(SERVER + FEEDS + ZONES, FILES))

    def test_lookup_names_the_lines_of_data_sets(self):
        self.server.write("common.txt", "$DATASET ip4set @\n192.0.2.0/24\n192.0.2.10 :2:\n$DATASET ip4set proxies @\n192.0.2.10 :3:\n"
                                        "192.0.2.11 :3:\n$DATASET ip4trie:nets proxies deep.proxies\n192.0.2.0/24 :4:\n192.0.2.10 :5:\n"
                                        "$DATASET domains rhs\n||spam.example^\n||b\u00fccher.example^\n")
        self.assertEqual(self.server.rblitz("reload", "common").returncode, 0)
        for what, zone, expected in (("192.0.2.10", "all.test", [("127.0.0.2", 3), ("127.0.0.3", 5)]),
                                     ("192.0.2.9", "all.test", [("127.0.0.2", 2)]),
                                     ("192.0.2.10", "proxies.all.test", [("127.0.0.3", 5), ("127.0.0.5", 9)]),
                                     ("192.0.2.9", "proxies.all.test", [("127.0.0.4", 8)]),
                                     ("192.0.2.10", "deep.proxies.all.test", [("127.0.0.5", 9)]),
                                     ("www.spam.example", "rhs.all.test", [("127.0.0.2", 11)]),
                                     ("b\u00fccher.example", "rhs.all.test", [("127.0.0.2", 12)])):
            records = self.server.json("lookup", what, "--zone", zone)["zones"][0]["records"]
            self.assertEqual(sorted((one["a"], one["line"]) for one in records), expected, (what, zone))
            self.assertEqual({one["file"] for one in records}, {str(self.server.folder / "common.txt")})
        done = self.server.rblitz("lookup", "192.0.2.0/24")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("'192.0.2.0/24' is a network: look up an address of it", done.stderr)

    def test_only_allowed_clients_are_answered(self):
        for client, expected in (("127.0.0.8", ["127.0.0.2"]), ("127.0.0.15", ["127.0.0.2"]), ("::1", ["127.0.0.2"]),
                                 ("127.0.0.1", "REFUSED"), ("127.0.0.16", "REFUSED")):
            self.assertEqual(ask(LISTED + "allow.test", client), expected, client)
            self.assertEqual(ask(LISTED + "open.test", client), ["127.0.0.2"], client)

    def test_an_access_list_decides_by_client(self):
        for client, a, soa in (("127.0.0.1", ["127.0.0.2"], True), ("127.0.0.20", None, None),
                               ("127.0.0.21", "REFUSED", False), ("127.0.0.22", "NXDOMAIN", True),
                               ("127.0.0.23", ["127.255.255.254"], True), ("::1", ["127.0.0.2"], True)):
            self.assertEqual(ask(LISTED + "acl.test", client, seconds=0.3 if a is None else 5), a, client)
            if soa is not None:
                self.assertEqual(ask("acl.test", client, "SOA") != "REFUSED", soa, client)
        self.assertEqual(ask("1.2.0.192.acl.test", "127.0.0.23", "TXT"), ['"not you, 127.0.0.23"'])
        self.assertEqual(ask("10.2.0.192.relays.all.test", "127.0.0.21"), "REFUSED")
        stats = self.server.check_sums(self)
        self.assertEqual(stats["dropped"]["acl"], 1)
        self.assertEqual(stats["zones"]["acl.test"]["ignored"], 1)
        self.assertEqual(stats["zones"]["acl.test"]["refused"], 2)

    def test_an_access_list_that_is_lost_does_not_open_the_zone(self):
        (self.server.folder / "acl.txt").unlink()
        self.assertEqual(self.server.rblitz("reload", "acl").returncode, 1)
        self.assertEqual(ask(LISTED + "acl.test", "127.0.0.21"), "REFUSED")
        self.server.write("acl.txt", "127.0.0.1 :refuse\n")
        self.assertEqual(self.server.rblitz("reload", "acl").returncode, 0)
        self.assertEqual(ask(LISTED + "acl.test", "127.0.0.21"), ["127.0.0.2"])
        self.assertEqual(ask(LISTED + "acl.test", "127.0.0.1"), "REFUSED")

    def test_a_list_of_keys_decides_by_the_key_in_the_question(self):
        unlisted = "9.2.0.192."
        for name, kind, expected in (
                (LISTED + "secret.key.test", "A", ("NOERROR", ["127.0.0.2"])),
                (LISTED + "SeCrEt.key.test", "A", ("NOERROR", ["127.0.0.2"])),
                (LISTED + "other.key.test", "A", ("NOERROR", ["127.0.0.2"])),
                (unlisted + "secret.key.test", "A", ("NXDOMAIN", [])),
                ("2.0.0.127.secret.key.test", "A", ("NOERROR", ["127.0.0.2"])),
                ("secret.key.test", "A", ("NOERROR", [])),
                (LISTED + "hollow.key.test", "A", ("NXDOMAIN", [])),
                (unlisted + "lapsed.key.test", "A", ("NOERROR", ["127.255.255.254"])),
                (unlisted + "lapsed.key.test", "TXT", ("NOERROR", ['"renew your key, 127.0.0.1"'])),
                (LISTED + "secre.key.test", "A", ("REFUSED", [])), (LISTED + "secrets.key.test", "A", ("REFUSED", [])),
                (unlisted + "wrong.key.test", "TXT", ("REFUSED", [])),
                (LISTED + "key.test", "A", ("REFUSED", [])), (unlisted + "key.test", "A", ("REFUSED", [])),
                (LISTED + "key.test", "ANY", ("REFUSED", [])), ("secret." + LISTED + "key.test", "A", ("REFUSED", [])),
                (LISTED + "open.test", "A", ("NOERROR", ["127.0.0.2"]))):
            self.assertEqual(dig(name, kind), expected, (name, kind))
        status, soa = dig("key.test", "SOA")
        self.assertEqual((status, len(soa)), ("NOERROR", 1))
        self.assertIsNone(ask(LISTED + "closed.key.test", seconds=0.3))
        counted = lambda: self.server.json("stats")["zones"]["key.test"]
        self.server.wait_until(lambda: counted()["ignored"] == 1)
        self.assertEqual(counted()["refused"], 7)
        self.server.check_sums(self)
        status = {zone["name"]: zone for zone in self.server.json("status")["zones"]}["key.test"]
        self.assertEqual((status["access"], status["feeds"]), (["keys"], ["data"]))

    def test_a_key_is_taken_back_by_a_reload_and_by_no_broken_list(self):
        self.server.write("keys.txt", "other :pass\n")
        self.assertEqual(self.server.rblitz("reload", "keys").returncode, 0)
        self.assertEqual(dig(LISTED + "other.key.test"), ("NOERROR", ["127.0.0.2"]))
        # Without a line that says more, who has no key of the list is ignored.
        for name in (LISTED + "secret.key.test", LISTED + "key.test"):
            self.assertIsNone(ask(name, seconds=0.3), name)
        self.server.write("keys.txt", "secret :pass\nno.key :pass\n")
        self.assertEqual(self.server.rblitz("reload", "keys").returncode, 1)
        self.assertEqual(dig(LISTED + "other.key.test"), ("NOERROR", ["127.0.0.2"]))
        self.assertIsNone(ask(LISTED + "secret.key.test", seconds=0.3))

    def test_what_is_excepted_is_not_listed_and_lookup_says_why(self):
        self.assertEqual(ask("7.100.51.198.except.test"), "NXDOMAIN")
        self.assertEqual(ask("8.100.51.198.except.test"), ["127.0.0.2"])
        self.assertEqual(ask("2.0.0.127.except.test"), ["127.0.0.2"])
        lookup = self.server.rblitz("lookup", "198.51.100.7", "--zone", "except.test")
        self.assertEqual(lookup.returncode, 3)
        self.assertIn("not listed: excepted by feed own-whitelist", lookup.stdout)
        answer = self.server.json("lookup", "198.51.100.7", "--zone", "except.test")
        self.assertEqual(answer["zones"][0]["excepted_by"], "own-whitelist")
        self.server.write("own.txt", "198.51.100.8\n")
        self.assertEqual(self.server.rblitz("reload", "own-whitelist").returncode, 0)
        self.assertEqual(ask("7.100.51.198.except.test"), ["127.0.0.2"])
        self.assertEqual(ask("8.100.51.198.except.test"), "NXDOMAIN")

    def test_parts_of_a_combined_feed_come_and_go(self):
        self.assertEqual(ask("10.2.0.192.all.test"), ["127.0.0.2"])
        self.assertEqual(ask("10.2.0.192.proxies.all.test"), ["127.0.0.2"])
        self.assertEqual(ask("10.2.0.192.relays.all.test"), "NXDOMAIN")
        self.assertEqual(ask("relays.all.test"), "NOERROR")
        self.assertEqual(self.server.json("stats")["zones"]["all.test"]["listed"], 2)
        self.server.write("common.txt", "$DATASET ip4set zombies\n192.0.2.10\n")
        self.assertEqual(self.server.rblitz("reload", "common").returncode, 0)
        self.assertEqual(ask("10.2.0.192.zombies.all.test"), ["127.0.0.2"])
        self.assertEqual(ask("10.2.0.192.proxies.all.test"), "NXDOMAIN")
        self.server.write("common.txt", "$DATASET ip5set zombies\n192.0.2.10\n")
        bad = self.server.rblitz("reload", "common")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("common.txt:1: no data set of a combined feed is of type 'ip5set'", bad.stdout + bad.stderr)
        self.assertEqual(ask("10.2.0.192.zombies.all.test"), ["127.0.0.2"])

    def test_rules_change_with_the_configuration(self):
        changed = ZONES.replace('allow = ["127.0.0.8/29", "::1"]', 'allow = ["127.0.0.1"]').replace("except =", "#")
        self.server.write("rblitz.toml", SERVER + FEEDS + changed)
        self.assertEqual(self.server.rblitz("reload").returncode, 0)
        self.assertEqual(ask(LISTED + "allow.test", "127.0.0.8"), "REFUSED")
        self.assertEqual(ask(LISTED + "allow.test", "127.0.0.1"), ["127.0.0.2"])
        self.assertEqual(ask("7.100.51.198.except.test"), ["127.0.0.2"])
        self.server.write("rblitz.toml", SERVER + FEEDS + ZONES.replace("127.0.0.8/29", "127.0.0.9/29"))
        bad = self.server.rblitz("reload")
        self.assertEqual(bad.returncode, 1)
        self.assertIn("zone.allow: bits after the prefix are set in '127.0.0.9/29'", bad.stdout + bad.stderr)
        self.assertEqual(ask(LISTED + "allow.test", "127.0.0.1"), ["127.0.0.2"])

    def test_status_shows_the_rules(self):
        zones = {zone["name"]: zone for zone in self.server.json("status")["zones"]}
        self.assertEqual(zones["allow.test"]["allow"], ["127.0.0.8/29", "::1"])
        self.assertEqual(zones["acl.test"]["access"], ["acl"])
        self.assertEqual(zones["acl.test"]["feeds"], ["data"])
        self.assertEqual(zones["except.test"]["except"], ["own-whitelist"])
        status = self.server.rblitz("status").stdout
        for line in ("allow.test: answers to 127.0.0.8/29, ::1", "acl.test: is asked as these allow: acl",
                     "except.test: never lists what these list: own-whitelist"):
            self.assertIn(line, status)


class NeverLoaded(unittest.TestCase):
    def test_a_zone_whose_access_list_has_never_loaded_is_servfail(self):
        files = {name: text for name, text in FILES.items() if name != "acl.txt"}
        with Server(SERVER + FEEDS + ZONES, files) as server:
            self.assertEqual(ask(LISTED + "acl.test", "127.0.0.21"), "SERVFAIL")
            self.assertEqual(ask(LISTED + "open.test", "127.0.0.21"), ["127.0.0.2"])
            server.write("acl.txt", FILES["acl.txt"])
            self.assertEqual(server.rblitz("reload").returncode, 0)
            self.assertEqual(ask(LISTED + "acl.test", "127.0.0.21"), "REFUSED")


if __name__ == "__main__":
    main()
