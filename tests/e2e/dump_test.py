#!/usr/bin/python3
"""`rblitz lookup` says which line lists something, `rblitz dump` writes a zone that named-checkzone takes and that answers as the
server does."""

import gzip
import ipaddress
import os
import random
import shutil
import subprocess
import unittest

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone

from harness import Server, free_port, main

FORMATS = {
    "set": ("ip4set", ':127.0.0.2:Listed \\"$\\"\n192.0.2.0/24\n!192.0.2.5\n10.20\n198.51.100.0/26 :5:semi; colon\n198.51.100.7\n'
                      "172.16.0.1-172.16.1.3\n"),
    "trie": ("ip4trie", "203.0.113.0/24\n203.0.113.64/26 :9:nine\n!203.0.113.70\n203.0.113.64/26 :10:never\n"),
    "plain": ("cidr", "# plain\n100.64.0.0/10\n192.0.2.5\n2001:db8::/33\n2001:db8:1::1\n"),
    "six": ("ip6trie", ":7:six $\n2001:db8::/32\n!2001:db8:5::/48\n2001:db8:5:1::/64 :8:\n"),
    "names": ("dnset", ":3:name $\n.both.net\n!x.both.net\n*.below.org\nexact.com\ndeep.a.b.both.net :4:deep\n!*.no.below.org\n"),
    "list": ("domains", "a.example\n||b.example^\nhttps://c.example/path\nbücher.example\n"),
    "digests": ("hash", "d41d8cd98f00b204e9800998ecf8427e\n"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 :6:empty\n"),
    "fours": ("ip4trie", ":2:\n2.0.0.0/8\n!2.5.7.9\n7.5.0.0/16\n1.2.3.4\n30.0.0.0/8\n"),
    "sixes": ("ip6trie", ":6:\n3000::/4\n2001:db8::/32\n!3001:2::/32\n2579::1\n"),
    "comb": ("combined", '$TTL 600\n$DATASET ip4set:first @ proxies\n:2:first $\n192.0.2.0/24\n!192.0.2.9\n'
                         '$DATASET dnset @\n:3:name\n.both.net\nx.names\nlost.deep.names\n'
                         '$DATASET dnset:own names\n:4:own\n.net\n!y.net\n'
                         '$DATASET ip4set proxies\n:5:\n192.0.2.9\n$DATASET generic deep.names\nwww A 192.0.2.80\n'
                         '$DATASET ip6trie six.names\n:6:\n2001:db8::/32\n'),
    "origins": ("cymru-origin", "64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03\n64497 | 198.18.0.0/15 | ZZ | arin | \n64498 | 198.18.5.0/25 | ZZ | arin | \n"
                                "64499 | 10.0.0.0/8 | ZZ | arin | \n64500 | 2001:db8::/32 | ZZ | arin | \n64501 | 2001:db8:a::/47 | ZZ | arin | \n"),
    "asn": ("cymru-asn", "64496 | ZZ | arin | 2001-02-03 | EXAMPLE-A, ZZ\n"),
    "records": ("generic", '@ TXT "about this zone"\nwww A 192.0.2.80\nwww MX 10 mail.example.com\n'),
}
ZONES = {"ip.test": ["set", "trie", "plain"], "six.test": ["six"], "names.test": ["names", "list", "digests"],
         "mixed.test": ["set", "names", "records"], "families.test": ["fours", "sixes"], "comb.test": ["comb"],
         "origins.test": ["origins"], "asn.test": ["asn"], "default.test": ["set"]}
DEFAULT = "default.test"  # without soa and ns


def config(port):
    feeds = "".join(f'[[feed]]\nname = "{name}"\npath = "{name}.txt"\nformat = "{form}"\n' for name, (form, _) in FORMATS.items())
    own = 'ns = ["ns.example.com"]\nttl = 300\nsoa = "ns.example.com hostmaster.example.com 7 1h 10m 5d 5m"\n'
    zones = "".join(f'[[zone]]\nname = "{name}"\nfeeds = {feeds}\n'.replace("'", '"') + ("" if name == DEFAULT else own)
                    for name, feeds in ZONES.items())
    return f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n' + feeds + zones


def address_labels(address):
    pointer = ipaddress.ip_address(address).reverse_pointer
    return pointer.removesuffix(".ip6.arpa").removesuffix(".in-addr.arpa")


class Served(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.server = self.enterContext(Server(config(self.port), {f"{name}.txt": text for name, (_, text) in FORMATS.items()}))

    def lines(self, what, zone):
        """[(A, file, line)] of a lookup."""
        lookup = self.server.json("lookup", what, "--zone", zone)
        return [(one["a"], os.path.basename(one["file"]) if one["file"] else None, one["line"])
                for one in lookup["zones"][0]["records"]]


class Lines(Served):
    def test_lookup_names_the_line_that_decides(self):
        for what, zone, expected in (
                ("192.0.2.77", "ip.test", [("127.0.0.2", "set.txt", 2)]),
                ("192.0.2.5", "ip.test", [("127.0.0.2", "plain.txt", 3)]),
                ("10.20.30.40", "ip.test", [("127.0.0.2", "set.txt", 4)]),
                ("198.51.100.8", "ip.test", [("127.0.0.5", "set.txt", 5)]),
                ("172.16.1.2", "ip.test", [("127.0.0.2", "set.txt", 7)]),
                ("203.0.113.1", "ip.test", [("127.0.0.2", "trie.txt", 1)]),
                ("203.0.113.65", "ip.test", [("127.0.0.9", "trie.txt", 2)]),
                ("100.100.0.1", "ip.test", [("127.0.0.2", "plain.txt", 2)]),
                ("2001:db8:1::1", "ip.test", [("127.0.0.2", "plain.txt", 5)]),
                ("2001:db8:5:1::9", "six.test", [("127.0.0.8", "six.txt", 4)]),
                ("2001:db8:9::9", "six.test", [("127.0.0.7", "six.txt", 2)]),
                ("both.net", "names.test", [("127.0.0.3", "names.txt", 2)]),
                ("deep.a.b.both.net", "names.test", [("127.0.0.4", "names.txt", 6)]),
                ("y.below.org", "names.test", [("127.0.0.3", "names.txt", 4)]),
                ("sub.b.example", "names.test", [("127.0.0.2", "list.txt", 2)]),
                ("c.example", "names.test", [("127.0.0.2", "list.txt", 3)]),
                ("Bücher.example", "names.test", [("127.0.0.2", "list.txt", 4)]),
                ("xn--bcher-kva.example", "names.test", [("127.0.0.2", "list.txt", 4)]),
                ("d41d8cd98f00b204e9800998ecf8427e", "names.test", [("127.0.0.2", "digests.txt", 1)])):
            with self.subTest(what=what):
                self.assertEqual(self.lines(what, zone), expected)

    def test_a_network_is_no_name(self):
        done = self.server.rblitz("lookup", "192.0.2.0/24")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "rblitz: lookup: '192.0.2.0/24' is a network: look up an address of it\n")

    def test_values_that_unite_have_their_own_lines(self):
        self.assertEqual(sorted(self.lines("198.51.100.7", "ip.test")),
                         [("127.0.0.2", "set.txt", 6), ("127.0.0.5", "set.txt", 5)])
        text = self.server.rblitz("lookup", "198.51.100.8", "--zone", "ip.test").stdout
        self.assertIn(f"  {self.server.folder}/set.txt:5\n", text)

    def test_a_file_that_has_changed_is_told_of_and_the_line_is_of_what_is_served(self):
        self.server.wait_until(lambda: not any(feed["copy_pending"] for feed in self.server.json("status")["feeds"]))
        config_text = (self.server.folder / "rblitz.toml").read_text()
        self.server.write("rblitz.toml", config_text.replace('format = "cidr"\n', 'format = "cidr"\ncheck = 0\n'))
        self.assertEqual(self.server.rblitz("reload").returncode, 0)
        (self.server.folder / "plain.txt").write_text("203.0.113.250\n" * 5)
        record = self.server.json("lookup", "100.64.0.1", "--zone", "ip.test")["zones"][0]["records"][0]
        self.assertEqual((os.path.basename(record["file"]), record["line"], record["changed"]), ("plain.txt", 2, True))
        self.assertIn("plain.txt:2 (changed since load)", self.server.rblitz("lookup", "100.64.0.1").stdout)

    def test_compressed_files_and_folders(self):
        (self.server.folder / "folder").mkdir()
        with gzip.open(self.server.folder / "folder/b.gz", "wt") as packed:
            packed.write("# nothing\n192.0.2.200\n")
        (self.server.folder / "folder/a").write_text("192.0.2.201\n")
        text = (self.server.folder / "rblitz.toml").read_text().replace('"plain.txt"', '"folder"')
        self.server.write("rblitz.toml", text)
        self.assertEqual(self.server.rblitz("reload").returncode, 0)
        self.assertIn(("127.0.0.2", "b.gz", 2), self.lines("192.0.2.200", "ip.test"))
        self.assertIn(("127.0.0.2", "a", 1), self.lines("192.0.2.201", "ip.test"))


    def test_lines_of_data_sets_of_a_combined_feed(self):
        for what, expected in (
                ("192.0.2.7", {"comb.test": [("127.0.0.2", 4)], "proxies.comb.test": [("127.0.0.2", 4)]}),
                ("192.0.2.9", {"proxies.comb.test": [("127.0.0.5", 17)]}),
                ("a.both.net", {"comb.test": [("127.0.0.3", 8)], "names.comb.test": [("127.0.0.4", 13)]}),
                ("y.net", {}),
                ("2001:db8::1", {"six.names.comb.test": [("127.0.0.6", 22)]})):
            lookup = self.server.json("lookup", what)
            found = {zone["zone"]: [(one["a"], one["line"]) for one in zone["records"]]
                     for zone in lookup["zones"] if zone["records"] and "comb.test" in zone["zone"]}
            with self.subTest(what=what):
                self.assertEqual(found, expected)


class Dump(Served):
    def dump(self, zone):
        done = self.server.rblitz("dump", zone)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def ask(self, name, kind="A"):
        """The values that the server answers, or a code."""
        answer = dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", port=self.port, timeout=5)
        records = sorted(record.to_text() for rrset in answer.answer for record in rrset)
        return dns.rcode.to_text(answer.rcode()) if not records else records

    @staticmethod
    def read(text, zone):
        return dns.zone.from_text(text, zone, relativize=False, check_origin=True)

    @staticmethod
    def existing(master):
        """The names of the master file and all above them."""
        names = set()
        for owner in master.nodes:
            while owner not in names and owner != master.origin:
                names.add(owner)
                owner = owner.parent()
        return names | {master.origin}

    @staticmethod
    def listed(master, existing, name, kind="A"):
        """The values that the master file gives the name, by RFC 1034 section 4.3.2 and RFC 4592."""
        node = master.get_node(name)
        if node is None:
            if name in existing:
                return []  # an empty non-terminal
            closest = name.parent()
            while closest not in existing:
                closest = closest.parent()
            node = master.get_node(dns.name.Name((b"*",) + closest.labels))
        if node is None:
            return []
        return sorted(record.to_text() for rdataset in node if rdataset.rdtype == dns.rdatatype.from_text(kind) for record in rdataset)

    def compare(self, zone, names, kind="A"):
        master = self.read(self.dump(zone), zone)
        existing = self.existing(master)
        for relative in names:
            name = dns.name.from_text(relative, dns.name.from_text(zone))
            with self.subTest(name=name.to_text()):
                served = self.ask(name, kind)
                self.assertEqual(self.listed(master, existing, name, kind), served if isinstance(served, list) else [])

    def test_named_checkzone_takes_every_dump(self):
        checkzone = shutil.which("named-checkzone") or "/usr/sbin/named-checkzone"
        if not os.path.exists(checkzone):
            self.skipTest("named-checkzone is missing (make check-deps)")
        for zone in ZONES:
            with self.subTest(zone=zone):
                (self.server.folder / "zone").write_text(self.dump(zone))
                done = subprocess.run([checkzone, "-i", "none", zone, self.server.folder / "zone"], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertTrue(done.stdout.rstrip().endswith("OK"), done.stdout)

    def test_zone_without_a_name_server_has_one_that_is_nobodys(self):
        master = self.read(self.dump(DEFAULT), DEFAULT)
        self.assertEqual([record.to_text() for record in master.find_rdataset(DEFAULT + ".", "NS")], ["invalid."])
        self.assertEqual(self.ask(DEFAULT, "NS"), "NOERROR")
        self.assertNotIn("invalid", self.dump("ip.test"))
        self.compare(DEFAULT, [address_labels(address) for address in ("192.0.2.4", "192.0.2.5", "127.0.0.2")])

    def test_addresses_answer_as_they_are_served(self):
        random.seed(7)
        addresses = ["192.0.2.5", "192.0.2.6", "10.20.0.0", "10.20.255.255", "10.21.0.0", "198.51.100.63", "198.51.100.64",
                     "172.16.0.0", "172.16.0.1", "172.16.1.3", "172.16.1.4", "203.0.113.69", "203.0.113.70", "100.63.255.255",
                     "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.0.0.2"]
        addresses += [f"{net}.{random.randrange(256)}" for net in ("192.0.2", "198.51.100", "203.0.113", "172.16.1") for _ in range(40)]
        self.compare("ip.test", map(address_labels, addresses))

    def test_ip6_answers_as_it_is_served(self):
        addresses = ["2001:db8::", "2001:db8:5::1", "2001:db8:5:1::1", "2001:db8:5:2::1", "2001:db8:4:ffff::", "2001:db8:6::",
                     "2001:db9::", "2001:db7:ffff::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:127.0.0.2", "::ffff:127.0.0.1"]
        self.compare("six.test", map(address_labels, addresses))
        self.compare("ip.test", map(address_labels, ["2001:db8:1::1", "2001:db8:1::2", "2001:db8:8000::", "2001:db8:7fff::"]))

    def test_wildcards_of_one_family_do_not_cover_the_other(self):
        random.seed(9)
        addresses = ["2.5.7.9", "2.5.7.8", "2.0.0.1", "2.200.1.1", "3.0.0.1", "7.5.1.2", "7.5.200.2", "7.6.1.1", "1.2.3.4", "1.2.3.5",
                     "30.1.2.3", "30.200.3.4", "2579::1", "2579::2", "3000::", "3fff::1", "3001:2::1", "3001:3::1", "3757::", "2001:db8::1",
                     "2001:db9::1", "7501::1", "1234::1", "0::1"]
        addresses += [".".join(str(random.choice((1, 2, 3, 5, 7, 9, 11))) for _ in range(4)) for _ in range(60)]
        addresses += [f"{random.choice('12357')}{random.choice('0579')}{random.choice('0137')}{random.choice('0129')}::1" for _ in range(60)]
        self.compare("families.test", map(address_labels, addresses))

    def test_parts_answer_as_they_are_served(self):
        addresses = [address_labels(address) for address in ("192.0.2.7", "192.0.2.9", "192.0.3.1", "127.0.0.2", "127.0.0.1")]
        six = address_labels("2001:db8::1")
        names = ["a.both.net", "b.net", "y.net", "x.y.net", "both.net", "x", "lost.deep", "test", "invalid"]
        self.compare("comb.test", [f"{name}{part}" for part in ("", ".proxies", ".names", ".deep.names", ".six.names")
                                   for name in addresses + names + ["www", six]])

    def test_names_answer_as_they_are_served(self):
        self.compare("names.test", [
            "both.net", "a.both.net", "x.both.net", "y.x.both.net", "b.both.net", "a.b.both.net", "deep.a.b.both.net",
            "z.deep.a.b.both.net", "q.b.both.net", "below.org", "x.below.org", "no.below.org", "y.no.below.org", "exact.com",
            "x.exact.com", "a.example", "x.a.example", "b.example", "x.y.b.example", "c.example", "net", "com", "test", "invalid",
            "d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c149afbf4c8996fb924.27ae41e4649b934ca495991b7852b855"])

    def test_records_and_texts_are_as_they_are_served(self):
        master = self.read(self.dump("mixed.test"), "mixed.test")
        text = {name: [record.to_text() for record in master.find_rdataset(name + ".mixed.test.", kind)]
                for name, kind in (("www", "MX"), ("www", "A"), ("1.2.0.192", "TXT"), ("*.20.10", "TXT")) if master.get_node(name + ".mixed.test.")
                and master.get_rdataset(name + ".mixed.test.", kind)}
        self.assertEqual(text["www"], ["192.0.2.80"])
        self.assertEqual(text["1.2.0.192"], ['"Listed \\\\\\"192.0.2.1\\\\\\""'])
        self.assertEqual(master.find_rdataset("www.mixed.test.", "MX")[0].to_text(), "10 mail.example.com.")
        self.assertEqual(master.find_rdataset("mixed.test.", "TXT")[0].to_text(), '"about this zone"')
        self.assertEqual(master.find_rdataset("mixed.test.", "SOA")[0].to_text(), "ns.example.com. hostmaster.example.com. 7 3600 600 432000 300")

    def test_texts_answer_parts_of_addresses_too(self):
        whole = ["192.0.2.7", "198.18.0.1", "198.19.255.1", "198.18.5.1", "198.18.5.128", "198.20.0.1", "10.1.2.3", "2001:db8::1", "2001:db8:a::1",
                 "2001:db8:b::1", "2001:db8:c::1", "2001:db9::", "127.0.0.2"]
        six = address_labels("2001:db8:a::").split(".")
        parts = ["2.0.192", "0.192", "192", "5.18.198", "6.18.198", "18.198", "19.198", "20.198", "198", "10", "9.10", "8.9.10"]
        self.compare("origins.test", [*map(address_labels, whole), *parts, *(".".join(six[i:]) for i in range(32))], "TXT")
        self.compare("asn.test", ["as64496", "AS64496", "as64497", "64496", "test"], "TXT")

    def test_overrides_are_in_it(self):
        for arguments in (("add", "192.0.3.1", "--a", "127.0.0.44"), ("remove", "192.0.2.9")):
            self.assertEqual(self.server.rblitz("list", *arguments).returncode, 0)
        self.compare("ip.test", map(address_labels, ["192.0.3.1", "192.0.2.9", "192.0.2.10"]))

    def test_mistakes_are_named(self):
        done = self.server.rblitz("dump", "other.test")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("zone 'other.test' is not served here", done.stderr)
        self.assertEqual(self.server.rblitz("dump").returncode, 2)


if __name__ == "__main__":
    main()
