#!/usr/bin/python3
"""A thousand zones: each is served right, told of, counted, and left alone by the reload of a feed that it does not have."""

import random
import time
import unittest

import dns.message
import dns.query
import dns.rcode

from harness import Server, free_port, main

ZONES = 1000
FEEDS = 100  # each in ten zones, besides the one that all zones share


def zone_name(zone):
    return f"z{zone}.bl.test"


def config(port):
    feeds = [f'[[feed]]\nname = "f{feed}"\npath = "f{feed}.txt"\nformat = "cidr"\na = "127.0.1.{feed + 1}"\ncheck = 0\n'
             for feed in range(FEEDS)]
    feeds.append('[[feed]]\nname = "shared"\npath = "shared.txt"\nformat = "cidr"\n')
    zones = [f'[[zone]]\nname = "{zone_name(zone)}"\nfeeds = ["f{zone % FEEDS}", "shared"]\n' for zone in range(ZONES)]
    return f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n' + "".join(feeds + zones)


class ManyZones(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        files = {f"f{feed}.txt": f"10.{feed}.0.0/16\n" for feed in range(FEEDS)}
        files["shared.txt"] = "".join(f"192.168.{i >> 8}.{i & 255}\n" for i in range(0, 65536, 2))
        cls.server = cls.enterClassContext(Server(config(cls.port), files))

    def answer(self, address, zone):
        name = ".".join(reversed(address.split("."))) + "." + zone_name(zone)
        answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=self.port, timeout=5)
        return [record.to_text() for rrset in answer.answer for record in rrset] or dns.rcode.to_text(answer.rcode())

    def feeds(self):
        return {feed["name"]: feed for feed in self.server.json("status")["feeds"]}

    def test_every_zone_answers_from_its_own_feeds(self):
        for zone in range(ZONES):
            own = zone % FEEDS
            self.assertEqual(self.answer(f"10.{own}.7.7", zone), [f"127.0.1.{own + 1}"])
        for _ in range(500):
            zone, feed = random.randrange(ZONES), random.randrange(FEEDS)
            expected = [f"127.0.1.{feed + 1}"] if feed == zone % FEEDS else "NXDOMAIN"
            self.assertEqual(self.answer(f"10.{feed}.7.7", zone), expected)
        self.assertEqual(self.answer("192.168.0.2", ZONES - 1), ["127.0.0.2"])
        self.assertEqual(self.answer("192.168.0.3", ZONES - 1), "NXDOMAIN")

    def test_status_and_stats_tell_of_each_zone(self):
        zones = self.server.json("status")["zones"]
        self.assertEqual([(zone["name"], zone["state"]) for zone in zones],
                         [(zone_name(zone), "serving") for zone in range(ZONES)])
        before = self.server.json("stats")["zones"]
        self.assertEqual(len(before), ZONES)
        for zone in (0, 500, ZONES - 1):
            self.answer(f"10.{zone % FEEDS}.0.1", zone)
        after = self.server.json("stats")["zones"]
        changed = {name for name in after if after[name] != before[name]}
        self.assertEqual(changed, {zone_name(zone) for zone in (0, 500, ZONES - 1)})
        shown = self.server.rblitz("status").stdout
        self.assertTrue(all(zone_name(zone) in shown for zone in range(ZONES)))

    def test_a_reload_of_one_feed_reads_and_builds_only_that_feed(self):
        before = self.feeds()
        self.server.write("f7.txt", "10.7.0.0/16\n172.16.7.0/24\n")
        begin = time.monotonic()
        reload = self.server.json("reload", "f7")
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual([(feed["name"], feed["state"], feed["added"]) for feed in reload["feeds"]], [("f7", "loaded", 1)])
        after = self.feeds()
        self.assertEqual({name: feed["loads"] - before[name]["loads"] for name, feed in after.items() if
                          feed["loads"] != before[name]["loads"]}, {"f7": 1})
        for zone in range(7, ZONES, FEEDS):
            self.assertEqual(self.answer("172.16.7.1", zone), ["127.0.1.8"])
        self.assertEqual(self.answer("172.16.7.1", 8), "NXDOMAIN")
        # All feeds of the configuration: those that have not changed are left as they are, once their time proves it.
        time.sleep(0.3)
        self.server.json("reload")
        everything = self.server.json("reload")
        self.assertEqual({feed["state"] for feed in everything["feeds"]}, {"unchanged"})

    def test_a_shared_feed_is_kept_once(self):
        self.assertLess(self.feeds()["shared"]["bytes"], 4 << 20)
        self.assertLess(self.server.json("status")["memory"]["rss_bytes"], 400 << 20)

    def test_an_override_for_all_zones_counts_in_all(self):
        self.server.rblitz("list", "add", "203.0.113.1", "--a", "127.0.0.99")
        self.assertEqual({str(self.answer("203.0.113.1", zone)) for zone in range(0, ZONES, 37)}, {"['127.0.0.99']"})
        self.assertEqual(self.server.rblitz("list", "forget", "203.0.113.1").returncode, 0)
        self.assertEqual(self.answer("203.0.113.1", 999), "NXDOMAIN")


if __name__ == "__main__":
    main()
