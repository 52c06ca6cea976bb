#!/usr/bin/python3
"""Debian's rbldnsd and rblitzd with the same access lists and combined files, asked by the same clients: same response codes,
same A and TXT sets, or no answer from both.

Among the combined files are some of random data sets with base templates ($=).

Not asked: test points (RFC 5782) and partial names (RFC 8020), where they differ on purpose, and single records of zones with
access lists, which rbldnsd hides against its manual.

Usage: rbldnsd_rules_test.py RBLDNSD --rblitzd PATH --rblitz PATH
"""

import ipaddress
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype

sys.dont_write_bytecode = True
from harness import Server, free_port, main  # noqa: E402

SEED = int(os.environ.get("SEED", "20261123"))
CLIENTS = [f"127.0.0.{last}" for last in range(1, 33)]
# Not `:9` alone: behind a default that is an action rbldnsd crashes on it.
ACTIONS = (":ignore", ":refuse", "=REFUSE", ":empty", ":pass", "", ":127.255.255.254:Excessive number of queries from $", ":9:")
SIX = [f"six{number}" for number in range(8)]  # access lists for the one client over IPv6, each for a zone of its own
ZONES = {"acl.test": ["acl:acl1", "ip4set:set"],
         "two.test": ["acl:acl2", "ip4set:set", "dnset:names"],
         "all.test": ["combined:common"],
         "some.test": ["acl:acl1", "combined:common"],
         "random1.test": ["combined:random1"],
         "random2.test": ["combined:random2"],
         "random3.test": ["combined:random3"],
         **{f"{name}.test": [f"acl:{name}", "ip4set:set"] for name in SIX}}
RANDOM_PARTS = ("", "a.", "b.", "c.a.", "d.")
SET = ":127.0.0.2:Listed $\n192.0.2.1\n192.0.2.8-15 :4\n!192.0.2.10\n"
NAMES = ":127.0.1.2:$ listed\n.spam.example\nexact.example\n*.wild.example :3\n"
COMMON = ("$SOA 1w ns.test host.test 7 2h 2h 1w 1h\n$TTL 300\n$1 see\n$DATASET ip4set:proxy proxies @\n:2:$1 proxy $\n192.0.2.1\n"
          "192.0.2.3\n$DATASET ip4trie:relay relays @\n$TTL 200\n192.0.2.0/29 :3:relay $\n!192.0.2.4\n$DATASET dnset:names rhs a.b\n"
          + NAMES)
SUBJECTS = [f"{last}.2.0.192" for last in (1, 2, 3, 4, 7, 8, 10, 11, 200)] + [
    "x.spam.example", "spam.example", "exact.example", "x.exact.example", "y.wild.example", "other.example"]


def access_list(source):
    """Rules for about half of the clients, prefixes among them."""
    lines = [f"{client} {source.choice(ACTIONS)}" for client in CLIENTS if source.random() < 0.5]
    lines += [f"127.0.0.{first}/30 {source.choice(ACTIONS)}" for first in (8, 16, 24)]
    lines.insert(source.randrange(len(lines)), source.choice((":refuse", "=empty", ":5:default for $")))
    # A feed without a TTL has that of its zone here, which is the first feed's that has one.
    return "\n".join(["$TTL 100", *lines]) + "\n"


def access_list_of_six(source):
    """Rules for networks of ::1, and for others."""
    networks = ("::/0", "::/1", "::/64", "::/127", "::1", "::1/128", "2001:db8::/32", "::2", "::2/127", "8000::/1", "127.0.0.0/8")
    lines = [f"{network} {source.choice(ACTIONS)}" for network in source.sample(networks, source.randrange(1, 6))]
    return "\n".join(["$TTL 100", source.choice((":refuse", "=empty", ":5:default for $")), *lines]) + "\n"


def combined(source):
    """Data sets of all kinds in random order, with base templates outside of them and within, and texts of all kinds."""
    keys = {"ip4set": [f"192.0.2.{last}" for last in (1, 2, 3, 4, 7, 8)] + ["192.0.2.8-15", "192.0.2.0/29", "192.0.2"],
            "ip4tset": [f"192.0.2.{last}" for last in (1, 2, 3, 11)],
            "ip4trie": ["192.0.2.0/24", "192.0.2.0/29", "192.0.2.4/30", "192.0.2.8", "192.0.2.200"],
            "ip6trie": ["2001:db8::/32", "2001:db8:1::/48", "2001:db8::5", "2002:c000:200::/40"],
            "dnset": [".spam.example", "exact.example", "*.wild.example", "y.wild.example"]}
    values = ("", " $ is here", " :3:$1 $2 $$ $", " :4", " :5:", " =own $= of $", " \"quoted\"", " =", " $= twice $=")
    lines = ["$SOA 1w ns.test host.test 7 2h 2h 1w 1h", "$TTL 300", "$1 outer"]
    if source.random() < 0.5:
        lines.append("$= base of $: $1 $2 [$=] $$")
    kinds = list(keys) + source.sample(sorted(keys), 2)
    source.shuffle(kinds)
    for kind in kinds:
        lines.append(f"$DATASET {kind}:{kind} " + " ".join(source.sample(("@", "a", "b", "c.a", "d"), source.randrange(1, 4))))
        of_part = [("!" if kind != "ip4tset" and source.random() < 0.2 else "") + key + source.choice(values)
                   for key in source.sample(keys[kind], source.randrange(1, len(keys[kind])))]
        of_part += [source.choice(("$2 inner", "$1 ignored", "$= inner [$=]", ":6:default $", ":7:", "# nothing"))]
        source.shuffle(of_part)
        lines += of_part
    return "\n".join(lines) + "\n"


class Asker:
    """All questions at once, each from its client; then what came."""

    def __init__(self, port, questions):
        self.port, self.questions = port, questions

    def answers(self):
        sockets = {}
        for client in {client for client, _, _ in self.questions}:
            is_six = ":" in client
            sockets[client] = socket.socket(socket.AF_INET6 if is_six else socket.AF_INET, socket.SOCK_DGRAM)
            sockets[client].bind((client, 0))
            sockets[client].connect(("::1" if is_six else "127.0.0.1", self.port))
        answers = {}
        for attempt in range(3):
            missing = [question for question in self.questions if question not in answers]
            for start in range(0, len(missing), 32):
                self.ask_some(sockets, missing[start:start + 32], answers, 0.05 if attempt == 0 else 0.02)
        for one in sockets.values():
            one.close()
        return answers

    def ask_some(self, sockets, questions, answers, patience):
        for identity, (client, name, kind) in enumerate(questions):
            query = dns.message.make_query(name, kind)
            query.id = identity
            sockets[client].send(query.to_wire())
        time.sleep(patience)
        for client in {client for client, _, _ in questions}:
            sockets[client].setblocking(False)
            while True:
                try:
                    message = dns.message.from_wire(sockets[client].recv(4096))
                except BlockingIOError:
                    break
                if message.id >= len(questions) or questions[message.id][1] != message.question[0].name.to_text(True):
                    continue
                records = sorted((rrset.ttl, item.to_text()) for rrset in message.answer for item in rrset)
                answers[questions[message.id]] = (message.rcode(), records)


class Rules(unittest.TestCase):
    rbldnsd = None

    def setUp(self):
        if not Path(self.rbldnsd).exists():
            self.skipTest(f"{self.rbldnsd} is missing: make check-deps")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o755)  # rbldnsd reads the files as nobody
        source = random.Random(SEED)
        self.files = {"acl1": access_list(source), "acl2": access_list(source), "set": SET, "names": NAMES, "common": COMMON}
        self.files.update({name: access_list_of_six(source) for name in SIX})
        self.files.update({name: combined(source) for name in ("random1", "random2", "random3")})

    def start_rbldnsd(self):
        port = free_port()
        for name, text in self.files.items():
            (self.folder / name).write_text(text)
        user = ["-u", "65534:65534"] if os.geteuid() == 0 else []
        data = [f"{zone}:{feed}" for zone, feeds in ZONES.items() for feed in feeds]
        log = self.folder / "log"
        with log.open("w") as out:
            process = subprocess.Popen([self.rbldnsd, "-n", "-a", "-c", "0", *user, "-w", str(self.folder), "-b",
                                        f"127.0.0.1/{port}", "-b", f"::1/{port}", *data], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.addCleanup(process.wait)
        self.addCleanup(process.send_signal, signal.SIGTERM)
        end = time.monotonic() + 20
        while "started" not in log.read_text():
            self.assertTrue(process.poll() is None and time.monotonic() < end, f"{process.poll()}: {log.read_text()}")
            time.sleep(0.02)
        return port

    def start_rblitzd(self):
        port = free_port()
        config = f'[server]\nlisten = ["127.0.0.1:{port}", "[::1]:{port}"]\nstate = "state"\n'
        feeds = dict(feed.split(":")[::-1] for feeds in ZONES.values() for feed in feeds)
        config += "".join(f'[[feed]]\nname = "{name}"\npath = "{name}"\nformat = "{kind}"\n' for name, kind in feeds.items())
        for zone, names in ZONES.items():
            listed = ", ".join(f'"{name.split(":")[1]}"' for name in names)
            config += f'[[zone]]\nname = "{zone}"\nfeeds = [{listed}]\n'
        self.enterContext(Server(config, self.files))
        return port

    def test_the_same_clients_get_the_same_answers(self):
        names = [f"{subject}.{zone}" for zone in ("acl.test", "two.test") for subject in SUBJECTS]
        names += [f"{subject}.{part}{zone}" for zone in ("all.test", "some.test") for part in ("", "proxies.", "relays.", "rhs.", "a.b.")
                  for subject in SUBJECTS]
        source = random.Random(SEED)
        questions = sorted({(source.choice(CLIENTS), source.choice(names), source.choice(("A", "TXT"))) for _ in range(1200)})
        ours = self.compare(questions)
        rcodes = [answer[0] for answer in ours.values()]
        for rcode in (0, 3, 5):
            self.assertGreater(rcodes.count(rcode), 20, rcode)
        self.assertGreater(len(questions) - len(ours), 10)  # those that are ignored

    def test_data_sets_and_base_templates_answer_alike(self):
        six = [".".join(reversed(format(int(ipaddress.IPv6Address(address)), "032x")))
               for address in ("2001:db8::5", "2001:db8:1::1", "2001:db9::", "2002:c000:201::1", "2002:c000:2c8::1", "::ffff:192.0.2.1")]
        questions = [("127.0.0.1", f"{subject}.{part}random{number}.test", kind) for number in (1, 2, 3) for part in RANDOM_PARTS
                     for subject in SUBJECTS + six for kind in ("A", "TXT")]
        ours = self.compare(questions)
        self.assertEqual(len(ours), len(questions))
        texts = [record[1] for answer in ours.values() for record in answer[1]]
        self.assertGreater(sum("[" in text for text in texts), 50)

    def test_clients_over_ip6_get_the_same_answers(self):
        ours = self.compare([("::1", f"{subject}.{name}.test", kind) for name in SIX for subject in SUBJECTS for kind in ("A", "TXT")])
        self.assertEqual({0, 3, 5} - {answer[0] for answer in ours.values()}, set())

    def compare(self, questions):
        """What rblitzd answers, all of it as rbldnsd does."""
        theirs = Asker(self.start_rbldnsd(), questions).answers()
        ours = Asker(self.start_rblitzd(), questions).answers()
        differences = [f"{question}: rbldnsd {theirs.get(question)}, rblitzd {ours.get(question)}" for question in questions
                       if theirs.get(question) != ours.get(question)]
        self.assertEqual(len(differences), 0, "\n".join([f"SEED={SEED}", self.files["acl1"], *differences[:10]]))
        return ours


if __name__ == "__main__":
    Rules.rbldnsd = sys.argv.pop(1)
    main()
