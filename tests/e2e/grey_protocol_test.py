#!/usr/bin/python3
"""Greylists as mail servers meet them: questions, answers and looks over UDP and TCP, by rblitzd on loopback sockets."""

import random
import socket
import struct
import subprocess
import time
import unittest

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype

import grey
from grey import (BLOCK, DEFER, KNOWN, MATURED, OPTED_OUT, PASS_LIST, UNRECORDED, WHITELISTED, Client, greylist, name, query, texts)
from harness import Server, ask_control, free_port, main

PORT = free_port()
ZONE = "grey.test.example"  # an hour's delay: nothing matures while these tests last
LISTS = {"pass_feeds": ["good"], "block_feeds": ["bad"], "optout_feeds": ["optout"]}
FEEDS = "".join(f'[[feed]]\nname = "{feed}"\npath = "{feed}.txt"\nformat = "{kind}"\n'
                for feed, kind in (("good", "cidr"), ("bad", "cidr"), ("optout", "hash"), ("plain", "cidr")))
FILES = grey.FILES | {
    "good.txt": "198.51.100.0/24\n203.0.113.9\n2001:db8:9000::/36\n", "bad.txt": "203.0.113.0/24\n2001:db8:bad::/48\n",
    "optout.txt": grey.digest("postmaster@test")[:32] + "\n", "plain.txt": "192.0.2.1\n"}
CONFIG = (grey.server_table(PORT) + FEEDS + '[[zone]]\nname = "bl.test"\nfeeds = ["plain"]\n' + greylist(ZONE, **LISTS) +
          greylist("never.test", auto_whitelist=0, delay="2s") +
          greylist("five.test", delay="2s") +
          greylist("once.test", auto_whitelist=1, delay="2s") +
          greylist("twice.test", auto_whitelist=0, delay="2s", window="3s") +
          greylist("capped.test", new_per_network=4, auto_whitelist=0, delay="2s") +
          greylist("narrow.test", mask_v4=32, mask_v6=56) +
          greylist("observe.test", observe=True, auto_whitelist=0, delay="2s", **LISTS) +
          greylist("closed.test", allow=["127.0.0.1/32"]))

numbers = iter(range(1, 1000))


def fresh():
    """A client in a network that no other test asks for."""
    return f"10.1.{next(numbers) % 256}.{random.randrange(1, 250)}"


class Grey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(CONFIG, FILES))

    def setUp(self):
        self.wait_until_loaded()

    def wait_until_loaded(self):
        """Tables in memory are ready at once, or nearly."""
        self.server.wait_until(lambda: self.look(name(ZONE, fresh()))["why"] != "loading")

    def ask(self, qname, kind="A", **options):
        return query(qname, kind, port=PORT, **options)

    def code(self, qname, **options):
        """The one A record."""
        answer = self.ask(qname, **options)
        self.assertEqual((answer.rcode(), len(answer.answer), answer.authority), (dns.rcode.NOERROR, 1, []), answer)
        (rrset,) = answer.answer
        self.assertEqual((len(rrset), rrset.rdtype, rrset.ttl), (1, dns.rdatatype.A, 0))
        self.assertTrue(answer.flags & dns.flags.AA)
        return rrset[0].to_text()

    def look(self, qname, **options):
        answer = self.ask(qname, "TXT", **options)
        self.assertEqual((answer.rcode(), answer.answer[0].ttl, len(answer.answer[0])), (dns.rcode.NOERROR, 0, 1), answer)
        return texts(answer)

    def assert_nodata(self, answer):
        self.assertEqual((answer.rcode(), answer.answer, len(answer.authority)), (dns.rcode.NOERROR, [], 1), answer)
        soa = answer.authority[0]
        self.assertEqual((soa.rdtype, soa.ttl, soa[0].minimum), (dns.rdatatype.SOA, 0, 0), answer)

    def assert_unknown(self, qname):
        fields = self.look(qname)
        self.assertEqual((fields["why"], fields["first"]), ("new", "0"))

    def mature(self, *names):
        """Asks, waits and asks again. The last codes, and for how long it took."""
        with Client(PORT) as client:
            started = time.monotonic()
            self.assertEqual(set(client.codes(names)), {DEFER})
            self.server.wait_until(lambda: {fields["why"] for fields in client.looks(names)} == {"matured"})
            waited = time.monotonic() - started
            return client.codes(names), waited


class Questions(Grey):
    def test_the_vector_is_what_mail_servers_send(self):
        vector = "cac03031d808b1e889167915256e0703.5190f9ee3f5ecffd1ae44410eba1d525.4.2.0.192.grey.test.example"
        self.assertEqual(name(ZONE), vector)
        self.assertEqual(self.code(vector), DEFER)
        self.assertEqual(self.look(vector)["why"], "early")
        self.assertEqual(self.code(vector, over=dns.query.tcp), DEFER)

    def test_a_look_says_how_long_to_wait_and_why_and_changes_nothing(self):
        qname = name(ZONE, fresh())
        for _ in range(3):
            self.assertEqual(self.look(qname), {"s": "defer", "wait": "3600", "first": "0", "why": "new"})
        before = int(time.time())
        self.assertEqual(self.code(qname), DEFER)
        after = int(time.time())
        fields = self.look(qname)
        self.assertEqual((fields["s"], fields["why"]), ("defer", "early"))
        # The server's clock may be a tick of the kernel's behind.
        self.assertIn(int(fields["first"]), range(before - 1, after + 1))
        self.assertIn(int(fields["wait"]), range(3600 - 60, 3601))
        text = self.ask(qname, "TXT").answer[0][0].strings
        self.assertRegex(text[0], rb"\Av=grey1 s=defer wait=\d+ first=\d+ why=early\Z")

    def test_n_looks_only(self):
        client = fresh()
        qname, with_n = name(ZONE, client), name(ZONE, client, options="n")
        for _ in range(3):
            self.assertEqual(self.code(with_n), DEFER)
        self.assert_unknown(qname)
        self.assertEqual(self.code(qname), DEFER)
        self.assertEqual(self.look(with_n)["why"], "early")

    def test_an_empty_sender_is_a_sender_like_another(self):
        client = fresh()
        self.assertEqual(self.code(name(ZONE, client, sender="")), DEFER)
        self.assertEqual(self.look(name(ZONE, client, sender=""))["why"], "early")
        self.assertEqual(self.look(name(ZONE, client))["why"], "new")

    def test_every_part_of_a_triplet_counts(self):
        client = fresh()
        self.code(name(ZONE, client))
        for other in (name(ZONE, client, sender="bob@example.com"), name(ZONE, client, recipient="alice@test"),
                      name(ZONE, fresh())):
            self.assert_unknown(other)

    def test_addresses_of_a_network_share_its_triplets(self):
        for asked, alike, others in (
                ("10.2.1.4", ["10.2.1.0", "10.2.1.255", "::ffff:10.2.1.77"], ["10.2.0.4", "10.2.2.4", "11.2.1.4"]),
                ("2001:db8:1:2::4", ["2001:db8:1:2:ffff::", "2001:db8:1:2:3:4:5:6"], ["2001:db8:1:3::4", "2001:db8:2:2::4"]),
                ("::ffff:10.2.9.1", ["10.2.9.200"], ["::10.2.9.1", "10.2.8.1"])):
            self.code(name(ZONE, asked))
            for client in alike:
                self.assertEqual(self.look(name(ZONE, client))["why"], "early", client)
            for client in others:
                self.assertEqual(self.look(name(ZONE, client))["why"], "new", client)

    def test_masks_may_be_configured(self):
        for asked, alike, other in (("10.2.1.4", "10.2.1.4", "10.2.1.5"),
                                    ("2001:db8:1:200::4", "2001:db8:1:2ff::", "2001:db8:1:300::4")):
            self.code(name("narrow.test", asked))
            self.assertEqual(self.look(name("narrow.test", alike))["why"], "early")
            self.assertEqual(self.look(name("narrow.test", other))["why"], "new")

    def test_capitals_are_the_same_and_the_question_comes_back_as_it_was(self):
        dice = random.Random(20)
        client = fresh()
        v6 = "2001:db8:ab:cd:ef::" + f"{dice.randrange(65536):x}"
        for qname in (name(ZONE, client), name(ZONE, client, options="df", recipient="x@test"), name(ZONE, v6)):
            self.code(qname)
            for kind in (1, 16, 28):
                mixed = "".join(c.upper() if dice.random() < 0.5 else c for c in qname)
                question = struct.pack("!H", dice.randrange(65536)) + grey.wire(mixed, kind)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                    asking.settimeout(30)
                    asking.sendto(question, ("127.0.0.1", PORT))
                    answer = asking.recv(4096)
                self.assertEqual((answer[:2], answer[12:len(question)]), (question[:2], question[12:]))
            self.assertEqual(self.look(qname.upper())["why"], "early")

    def test_what_is_no_whole_question_is_nodata_and_changes_nothing(self):
        client = "10.3.7.9"
        good = name(ZONE, client)
        hr, hs = good.split(".")[:2]
        with_d = name(ZONE, client, options="d").split(".")[2]
        rest = f"9.7.3.10.{ZONE}"
        labels = good.split(".")
        shorter = [".".join(labels[i:]) for i in range(1, len(labels) - ZONE.count(".") - 1)]
        nibbles = name(ZONE, "2001:db8::1").split(".")
        self.assertEqual(len(nibbles), 2 + 32 + 3)
        broken = [f"{hr[:31]}.{hs}.{rest}", f"{hr}.{hs[:31]}.{rest}", f"{hr}0.{hs}.{rest}", f"{hr}.{hs}0.{rest}",
                  f"{hr[:31]}g.{hs}.{rest}", f"{hr}.x{hs[1:]}.{rest}", f"{hr}.{hs}.256.7.3.10.{ZONE}", f"{hr}.{hs}.a.7.3.10.{ZONE}",
                  f"{hr}.{hs}.7.3.10.{ZONE}", f"{hr}.{hs}.1.9.7.3.10.{ZONE}", f"{hr}.{hs}.9.7.3.1000.{ZONE}",
                  f"{hr}.{hs}.{hs}.{rest}", f"x.{good}", f"{hr}.{good}", f"{hr}.{hs}.o-x.{rest}", f"{hr}.{hs}.o-nx.{rest}",
                  f"{hr}.{hs}.o-d.{rest}", f"{hr}.{hs}.{with_d[:-1]}.{rest}", f"{hr}.{hs}.{with_d[:-1]}g.{rest}",
                  f"{hr}.{hs}.{with_d}0.{rest}", f"{hr}.{hs}.n.{rest}", f"{hr}.{hs}.x-n.{rest}", f"{hr}.{hs}.o-n.o-f.{rest}",
                  f"{hr}.o-n.{hs}.{rest}", f"o-n.{hr}.{hs}.{rest}", f"{hr}.{hs}.{with_d}.{ZONE}", f"{hr}.{hs}.{ZONE}",
                  ".".join(nibbles[:33] + nibbles[34:]), ".".join(nibbles[:4] + ["g"] + nibbles[5:]),
                  ".".join(nibbles[:4] + ["00"] + nibbles[5:]), ".".join(nibbles[:3] + ["1"] + nibbles[3:]), f"2.0.0.127.{ZONE}",
                  f"test.{ZONE}", f"a.b.c.d.{ZONE}", "*." + ZONE]
        rows = self.rows()
        for qname in shorter + broken:
            for kind in ("A", "TXT", "AAAA", "MX", "NS", "SOA", "ANY"):
                with self.subTest(qname=qname, kind=kind):
                    self.assert_nodata(self.ask(qname, kind))
        for kind in ("AAAA", "MX", "NS", "SOA", "CNAME", "PTR", "SRV", "HTTPS", "ANY", "TYPE65399"):
            with self.subTest(kind=kind):
                for options in ({}, {"use_edns": 0}, {"over": dns.query.tcp}):
                    self.assert_nodata(self.ask(good, kind, **options))
        self.assert_unknown(good)
        self.assertEqual(self.rows(), rows)

    def rows(self):
        """By kind."""
        with self.server.connect() as client:
            (zone,) = ask_control(client, {"command": "grey", "action": "stats", "zone": ZONE})["result"]["zones"]
        return zone["rows"]

    def test_random_names_are_never_nxdomain(self):
        dice = random.Random(5)
        parts = [lambda: grey.digest(str(dice.random()))[:32], lambda: str(dice.randrange(300)), lambda: f"{dice.randrange(16):x}",
                 lambda: "o-" + "".join(dice.choice("dfnx0") for _ in range(dice.randrange(20))),
                 lambda: "z" * dice.randrange(1, 64)]
        for _ in range(300):
            labels = [dice.choice(parts)() for _ in range(dice.randrange(8))]
            qname = ".".join([*labels, ZONE])
            if len(qname) < 250:
                self.assertEqual(self.ask(qname, dice.choice(("A", "TXT", "AAAA"))).rcode(), dns.rcode.NOERROR)

    def test_the_apex(self):
        soa = self.ask(ZONE, "SOA")
        self.assertEqual((soa.rcode(), len(soa.answer), soa.answer[0].ttl, soa.answer[0][0].minimum), (0, 1, 0, 0), soa)
        self.assertEqual(self.ask(ZONE, "NS").rcode(), dns.rcode.NOERROR)
        for kind in ("A", "TXT", "MX"):
            self.assert_nodata(self.ask(ZONE, kind))
        self.assertEqual(self.ask("example", "A").rcode(), dns.rcode.REFUSED)
        self.assertEqual(self.ask(ZONE, "AXFR").rcode(), dns.rcode.REFUSED)

    def test_other_classes(self):
        qname = name(ZONE, fresh())
        self.assertEqual(self.ask(qname, rdclass=dns.rdataclass.CH).rcode(), dns.rcode.REFUSED)
        self.assertEqual(self.ask("version.bind", "TXT", rdclass=dns.rdataclass.CH).rcode(), dns.rcode.NOERROR)
        self.assert_unknown(qname)

    def test_edns(self):
        qname = name(ZONE, fresh())
        for options in ({"use_edns": 0}, {"use_edns": 0, "want_dnssec": True}, {"use_edns": 0, "payload": 512}):
            answer = self.ask(qname, **options)
            self.assertEqual((answer.edns, answer.payload, answer.answer[0][0].to_text()), (0, 1232, DEFER))
            self.assertEqual(self.look(qname, **options)["why"], "early")
            self.assert_nodata(self.ask(qname, "AAAA", **options))
        other = name(ZONE, fresh())
        question = dns.message.make_query(other, "A")
        question.use_edns(1)
        self.assertEqual(dns.query.udp(question, "127.0.0.1", port=PORT, timeout=30).rcode(), dns.rcode.BADVERS)
        self.assert_unknown(other)

    def test_both_transports_say_the_same_and_keep_the_order_of_a_connection(self):
        names = [name(ZONE, f"10.4.{i}.1") for i in range(200)]
        with socket.create_connection(("127.0.0.1", PORT), timeout=30) as client, client.makefile("rb") as stream:
            for kind, expected in ((16, "new"), (1, DEFER), (16, "early")):
                questions = [struct.pack("!H", i) + grey.wire(qname, kind) for i, qname in enumerate(names)]
                client.sendall(b"".join(struct.pack("!H", len(question)) + question for question in questions))
                for i, question in enumerate(questions):
                    answer = stream.read(struct.unpack("!H", stream.read(2))[0])
                    self.assertEqual(struct.unpack_from("!H", answer)[0], i)
                    self.assertTrue(grey.answer_of(answer, len(question)).endswith(expected), answer)
        with Client(PORT) as client:
            self.assertEqual({fields["why"] for fields in client.looks(names)}, {"early"})

    def test_dig_gets_it_too(self):
        qname = name(ZONE, fresh(), options="dfn")
        dig = ["dig", "@127.0.0.1", "-p", str(PORT), "+short", qname]
        self.assertEqual(subprocess.run(dig, capture_output=True, text=True, timeout=60).stdout, DEFER + "\n")
        text = subprocess.run([*dig, "TXT"], capture_output=True, text=True, timeout=60).stdout
        self.assertEqual(text, '"v=grey1 s=defer wait=3600 first=0 why=new"\n')


class Lists(Grey):
    def test_lists_answer_in_their_order(self):
        for zone in (ZONE, "observe.test"):
            observed = (lambda code: UNRECORDED) if zone == "observe.test" else (lambda code: code)
            for client, recipient, code, s, why in (
                    ("198.51.100.7", "bob@test", PASS_LIST, "pass", "pass_list"),
                    ("203.0.113.1", "bob@test", BLOCK, "block", "block_list"),
                    ("203.0.113.9", "bob@test", BLOCK, "block", "block_list"),  # on both
                    ("2001:db8:9999::1", "bob@test", PASS_LIST, "pass", "pass_list"),
                    ("2001:db8:bad::1", "bob@test", BLOCK, "block", "block_list"),
                    ("::ffff:203.0.113.1", "bob@test", BLOCK, "block", "block_list"),
                    ("10.9.9.9", "PostMaster@test", OPTED_OUT, "pass", "opted_out"),
                    ("198.51.100.7", "postmaster@test", PASS_LIST, "pass", "pass_list"),
                    ("203.0.113.1", "postmaster@test", BLOCK, "block", "block_list")):
                with self.subTest(zone=zone, client=client, recipient=recipient):
                    qname = name(zone, client, recipient=recipient)
                    self.assertEqual(self.code(qname), observed(code))
                    fields = self.look(qname)
                    self.assertEqual((fields["s"], fields["why"], fields["first"]), (s, why, "0"))

    def test_a_list_that_changes_acts_at_once_and_left_no_row(self):
        client = "100.64.1.1"
        qname = name(ZONE, client)
        self.addCleanup(self.reload, "bad.txt", FILES["bad.txt"])
        self.reload("bad.txt", FILES["bad.txt"] + "100.64.0.0/16\n")
        self.assertEqual(self.code(qname), BLOCK)
        self.reload("bad.txt", FILES["bad.txt"])
        self.assert_unknown(qname)
        self.assertEqual(self.code(qname), DEFER)

    def reload(self, file, text):
        self.server.write(file, text)
        self.assertEqual(self.server.rblitz("reload").returncode, 0)

    def test_overrides_of_the_operator_beat_feeds(self):
        listed, blocked = "100.64.2.1", "203.0.113.77"
        self.assertEqual((self.code(name(ZONE, listed)), self.code(name(ZONE, blocked))), (DEFER, BLOCK))
        for command, address in (("add", listed), ("remove", blocked)):
            done = self.server.rblitz("list", command, address, "--zone", ZONE, "--why", "a test")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.code(name(ZONE, listed)), self.code(name(ZONE, blocked))), (PASS_LIST, DEFER))
        self.assertEqual(self.code(name(ZONE, "100.64.2.2")), DEFER)

    def test_a_list_of_a_greylist_is_no_zone(self):
        self.assertEqual(self.ask("1.113.0.203.bl.test").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(self.ask("1.2.0.192.bl.test").answer[0][0].to_text(), "127.0.0.2")


class Time(Grey):
    def test_too_early_then_in_time_then_known(self):
        zone, names = "never.test", [name("never.test", f"10.5.{i}.1") for i in range(50)]
        codes, waited = self.mature(*names)
        self.assertEqual(set(codes), {MATURED})
        self.assertGreaterEqual(waited, 1)  # two seconds by a clock of whole seconds
        with Client(PORT) as client:
            for _ in range(3):
                self.assertEqual(set(client.codes(names)), {KNOWN})
            looks = client.looks(names)
            self.assertEqual({(fields["s"], fields["why"]) for fields in looks}, {("pass", "known")})
            # Another address of the network.
            self.assertEqual(set(client.codes([name(zone, f"10.5.{i}.99") for i in range(50)])), {KNOWN})
            # Another triplet of the address waits, for there is no auto-whitelist here.
            self.assertEqual(set(client.codes([name(zone, f"10.5.{i}.1", "carol@test") for i in range(50)])), {DEFER})

    def test_resends_within_the_delay_mature_nothing(self):
        for zone in (ZONE, "never.test"):
            qname = name(zone, fresh())
            with Client(PORT) as client:
                started = time.monotonic()
                codes = client.codes([qname] * 1000)
                if time.monotonic() - started < 1:
                    self.assertEqual(set(codes), {DEFER})
                else:  # the machine stood still for a while
                    self.assertEqual((codes[0], codes.count(MATURED) <= 1), (DEFER, True))
        self.assertEqual(self.look(name(ZONE, "10.6.1.1"))["why"], "new")

    def test_asking_all_the_time_neither_shortens_nor_restarts_the_delay(self):
        qname = name("never.test", fresh())
        with Client(PORT) as client:
            started = time.monotonic()
            codes = client.codes([qname])
            first = client.looks([qname])[0]["first"]
            while codes[-1] == DEFER:
                self.assertEqual(client.looks([qname])[0]["first"], first)
                codes += client.codes([qname] * 10)
                if MATURED in codes:
                    break
            waited = time.monotonic() - started
        self.assertGreaterEqual(waited, 1)
        self.assertLess(waited, 30)
        passed = codes[codes.index(MATURED):]
        self.assertEqual(passed, [MATURED] + [KNOWN] * (len(passed) - 1))

    def test_whoever_comes_back_after_the_window_starts_anew(self):
        zone = "twice.test"
        late, back = name(zone, fresh()), name(zone, fresh())
        with Client(PORT) as client:
            self.assertEqual(client.codes([late, back]), [DEFER, DEFER])
            first = int(client.looks([late])[0]["first"])

            def is_over():
                if client.looks([back])[0]["why"] == "matured":
                    self.assertEqual(client.codes([back]), [MATURED])
                return client.looks([late])[0]["why"] == "late"

            self.server.wait_until(is_over)
            self.assertEqual(client.codes([late]), [DEFER])
            again = client.looks([late])[0]
            self.assertEqual(again["why"], "early")
            self.assertGreater(int(again["first"]), first + 3)
            # Who passed in time is known, then and later.
            self.assertEqual(client.codes([back]), [KNOWN])

    def test_a_network_may_make_so_many_new_rows_and_is_deferred_beyond_them(self):
        grey.avoid_new_window(2)
        names = [name("capped.test", f"10.7.1.{i}", recipient=f"r{i}@test") for i in range(8)]
        with Client(PORT) as client:
            self.assertEqual(set(client.codes(names)), {DEFER})
            looks = client.looks(names)
            self.assertEqual([fields["why"] for fields in looks], ["early"] * 4 + ["capped"] * 4)
            self.assertEqual({fields["first"] for fields in looks[4:]}, {"0"})
            codes, _ = self.mature(name("capped.test", "10.7.2.1"))
            self.assertEqual(codes, [MATURED])
            # Those that were recorded mature, the others do not.
            codes = client.codes(names[:4])
            self.assertEqual(set(codes), {MATURED})
            # Now the network has passed: what is beyond the cap passes unrecorded.
            self.assertEqual(set(client.codes(names[4:])), {UNRECORDED})
            self.assertEqual(set(client.codes(names[4:])), {UNRECORDED})
            self.assertEqual({fields["why"] for fields in client.looks(names[4:])}, {"capped"})


class Whitelists(Grey):
    def test_one_credit_passes_the_address_and_no_other(self):
        client = fresh()
        other = client.rpartition(".")[0] + ".251"
        codes, _ = self.mature(name("once.test", client))
        self.assertEqual(codes, [MATURED])
        self.assertEqual(self.code(name("once.test", client, "carol@elsewhere.test", "dave@test")), WHITELISTED)
        fields = self.look(name("once.test", client, "carol@elsewhere.test", "dave@test"))
        self.assertEqual((fields["s"], fields["why"]), ("pass", "client"))
        self.assertEqual(self.code(name("once.test", other, "carol@elsewhere.test", "dave@test")), DEFER)

    def test_two_senders_pass_their_domain_from_a_network(self):
        client = fresh()
        other = client.rpartition(".")[0] + ".252"
        asked = lambda zone, sender, where=client, options="d": name(zone, where, f"{sender}@pool.test", "bob@test", options)
        codes, _ = self.mature(asked("five.test", "a"))
        self.assertEqual(codes, [MATURED])
        self.assertEqual(self.code(asked("five.test", "c")), DEFER)  # one sender is not enough
        codes, _ = self.mature(asked("five.test", "b"))
        self.assertEqual(codes, [MATURED])
        self.assertEqual(self.code(asked("five.test", "d", other)), WHITELISTED)
        self.assertEqual(self.look(asked("five.test", "d", other))["why"], "domain")
        # Without the label, from elsewhere, and for another domain, it is new.
        self.assertEqual(self.code(asked("five.test", "d", options="")), DEFER)
        self.assertEqual(self.code(asked("five.test", "d", fresh())), DEFER)
        self.assertEqual(self.code(name("five.test", client, "d@other.test", options="d")), DEFER)

    def test_the_same_sender_twice_is_one_sender(self):
        client = fresh()
        asked = lambda recipient, sender="a": name("five.test", client, f"{sender}@same.test", recipient, "d")
        codes, _ = self.mature(asked("x@test"), asked("y@test"), asked("z@test"))
        self.assertEqual(codes, [MATURED] * 3)
        self.assertEqual(self.code(asked("x@test", "b")), DEFER)

    def test_no_auto_whitelist_is_none_for_domains_either(self):
        client = fresh()
        asked = lambda sender: name("never.test", client, f"{sender}@pool.test", "bob@test", "d")
        codes, _ = self.mature(asked("a"), asked("b"))
        self.assertEqual(codes, [MATURED] * 2)
        self.assertEqual(self.code(asked("c")), DEFER)

    def test_an_aligned_domain_passes_from_other_networks(self):
        here, there, v6 = fresh(), fresh(), "2001:db8:77::1"
        asked = lambda client, options, sender="a": name("never.test", client, f"{sender}@spf.test", "pool@test", options)
        self.assertEqual(self.code(asked(here, "df")), DEFER)
        self.assertEqual(self.look(asked(there, "df"))["why"], "early")
        self.assertEqual(self.look(asked(there, "d"))["why"], "new")
        self.server.wait_until(lambda: self.look(asked(there, "df"))["why"] == "matured")
        self.assertEqual(self.code(asked(there, "fd")), MATURED)
        self.assertEqual(self.code(asked(here, "df")), KNOWN)
        self.assertEqual(self.code(asked(v6, "df")), KNOWN)
        self.assertEqual(self.code(asked(here, "df", "b")), DEFER)
        # f alone says nothing: there is no domain.
        self.assertEqual(self.look(asked(fresh(), "f"))["why"], "new")


class Access(Grey):
    def exchange(self, source, questions):
        """What comes back over UDP until the last of them, which is known to be answered, has been."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((source, 0))
            client.settimeout(30)
            for i, question in enumerate(questions):
                client.sendto(struct.pack("!H", i) + question, ("127.0.0.1", PORT))
            ids = []
            while not ids or ids[-1] != len(questions) - 1:
                ids.append(struct.unpack_from("!H", client.recv(4096))[0])
            return ids

    def test_others_get_no_answer_and_change_nothing(self):
        qname = name("closed.test", fresh())
        asked = [grey.wire(n, kind) for n in (qname, "closed.test", "x.closed.test") for kind in (1, 16, 6, 255)]
        known = grey.wire("1.2.0.192.bl.test")
        self.assertEqual(self.exchange("127.0.0.1", [*asked, known]), list(range(len(asked) + 1)))
        other = name("closed.test", fresh())
        dropped = self.server.json("stats")["dropped"]
        questions = [grey.wire(n, kind) for n in (other, "closed.test", "x.closed.test") for kind in (1, 16, 6, 255)]
        self.assertEqual(self.exchange("127.0.0.2", [*questions, known]), [len(questions)])
        self.assertEqual(self.look(other)["why"], "new")
        self.assertEqual(self.look(qname)["why"], "early")
        after = self.server.json("stats")["dropped"]
        self.assertEqual(sum(after.values()) - sum(dropped.values()), len(questions), after)
        self.server.check_sums(self)

    def test_others_get_no_answer_over_tcp(self):
        qname = name("closed.test", fresh())
        with socket.create_connection(("127.0.0.1", PORT), timeout=30, source_address=("127.0.0.3", 0)) as client:
            for i, question in enumerate((grey.wire(qname), grey.wire("1.2.0.192.bl.test"))):
                client.sendall(struct.pack("!HH", len(question) + 2, i) + question)
            try:
                answer = client.recv(4)
            except ConnectionResetError:
                answer = b""
            # The connection ends, or the next question is answered; the first one never.
            self.assertIn(answer[2:], (b"", b"\0\1"))
        self.assertEqual(self.look(qname)["why"], "new")

    def test_loopback_is_allowed_unless_told_otherwise(self):
        for address in ("127.0.0.1", "::1"):
            self.assertEqual(self.code(name(ZONE, fresh()), address=address), DEFER)
        self.assertEqual(self.exchange("127.0.0.77", [grey.wire(name(ZONE, fresh()))]), [0])


class Observe(Grey):
    def test_everything_passes_and_the_text_says_what_would_have_been(self):
        client = fresh()
        qname = name("observe.test", client)
        self.assertEqual(self.code(qname), UNRECORDED)
        fields = self.look(qname)
        self.assertEqual((fields["s"], fields["why"]), ("defer", "early"))
        self.assertGreater(int(fields["first"]), 0)
        self.server.wait_until(lambda: self.look(qname)["why"] == "matured")
        self.assertEqual(self.code(qname), UNRECORDED)
        fields = self.look(qname)
        self.assertEqual((fields["s"], fields["why"]), ("pass", "known"))
        self.assertEqual(self.code(qname), UNRECORDED)


if __name__ == "__main__":
    main()
