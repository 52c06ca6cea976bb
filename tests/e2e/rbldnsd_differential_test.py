#!/usr/bin/python3
"""Debian's rbldnsd and rblitzd serve the same random data files and are asked the same questions: same A, TXT and MX sets with the
same TTLs, or both not listed. Order does not matter.

Where they differ on purpose: 127.0.0.1 and 127.0.0.2 (RFC 5782) and partial addresses (RFC 8020) are not asked. A name that is not
listed and has something below it must be NODATA from rblitzd and NXDOMAIN from rbldnsd (RFC 8020), and rbldnsd itself is asked what
lies below. In a zone of several feeds rblitzd's TTL is the smallest of all feeds that list the thing, and a feed without $TTL has that
of the first feed with one; rbldnsd, which serves each file in a zone of its own too, is asked which they are. What does not fit a
datagram is not compared, and must be rare.

Usage: rbldnsd_differential_test.py RBLDNSD [RBLITZD]     without RBLITZD only the data is tried on rbldnsd
Environment: SEED (fixed), ROUNDS (4)
"""

import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from rbldnsd_data import Ip4File, questions  # noqa: E402
from rbldnsd_ip6_data import Ip6File  # noqa: E402
from rbldnsd_name_data import DnsetFile, GenericFile, NameFile  # noqa: E402

SEED = int(os.environ.get("SEED", "20261122"))
ROUNDS = int(os.environ.get("ROUNDS", "4"))
QUESTIONS = 150  # a zone and round; each is asked for A and for TXT, names for MX too
FILES = {"ip4set": Ip4File, "ip4tset": Ip4File, "ip4trie": Ip4File, "ip6tset": Ip6File, "ip6trie": Ip6File, "dnset": DnsetFile,
         "generic": GenericFile}
WINDOW = 32
NO_TTL = 2100  # what rbldnsd answers where a file says nothing; none says this


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def query(identity, name, kind):
    """A question that takes answers of 4096 bytes; by hand, for dnspython's own way took half of the test's time."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + struct.pack(">xHH", dns.rdatatype.from_text(kind), dns.rdataclass.IN)
    return struct.pack(">6H", identity, dns.flags.RD, 1, 0, 0, 1) + question + struct.pack(">xHHIH", dns.rdatatype.OPT, 4096, 0, 0)


HEX = frozenset("0123456789abcdef")


def ancestors(names):
    """All names above these."""
    above = set()
    for name in names:
        while "." in name and (name := name.partition(".")[2]) not in above:
            above.add(name)
    return above


def relative_and_zone(name):
    relative, zone, top = name.rsplit(".", 2)
    return relative, f"{zone}.{top}"


class Server:
    """A daemon that is stopped at the end of a with block."""

    def __init__(self, command, port, log):
        self.command, self.port, self.log = command, port, log

    def __enter__(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        probe = dns.message.make_query("9.9.9.9.set.test", "A").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)
            client.connect(("127.0.0.1", self.port))
            while True:
                try:
                    client.send(probe)
                    client.recv(4096)
                    return self
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        self.__exit__()
                        raise AssertionError(f"{self.command[0]} does not answer:\n{self.log.read_text()}") from None
                    time.sleep(0.05)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ask(self, wanted):
        """(name, type) -> (rcode, sorted records, truncated) of every question; asks again what gets lost."""
        answers = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", self.port))
            for attempt in range(5):
                missing = [question for question in wanted if question not in answers]
                for start in range(0, len(missing), WINDOW):
                    self.ask_some(client, missing[start:start + WINDOW], answers)
        return answers

    @staticmethod
    def ask_some(client, wanted, answers):
        pending = {}
        for identity, (name, kind) in enumerate(wanted):
            pending[identity] = (name, kind)
            client.send(query(identity, name, kind))
        while pending and select.select([client], [], [], 1)[0]:
            message = dns.message.from_wire(client.recv(65535), one_rr_per_rrset=True)  # each with its own TTL
            question = pending.pop(message.id, None)
            if question is None or message.question[0].name.to_text(omit_final_dot=True) != question[0]:
                continue
            records = [(rrset.ttl, rdata.to_text()) for rrset in message.answer for rdata in rrset
                       if rrset.rdtype == dns.rdatatype.from_text(question[1])]
            # rbldnsd never sets TC: it takes AA away when a record did not fit.
            whole = message.flags & dns.flags.AA and not message.flags & dns.flags.TC
            answers[question] = (message.rcode(), sorted(records), not whole)


class Differential(unittest.TestCase):
    rbldnsd = rblitzd = None

    @classmethod
    def setUpClass(cls):
        if not Path(cls.rbldnsd).exists():
            raise unittest.SkipTest(f"{cls.rbldnsd} is missing: make check-deps")

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.path.chmod(0o755)  # rbldnsd reads the files as nobody
        self.addCleanup(self.folder.cleanup)

    def make_files(self, source):
        """Two files of each type, the second of which is united with others in a zone."""
        files = {}
        for kind, make in FILES.items():
            for number in (1, 2):
                name = f"{kind}{number}"
                files[name] = make(kind, source, source.choice((5, 40, 200)))
                files[name].write(self.path / name)
        return files

    ZONES = {
        "set.test": ["ip4set1"],
        "tset.test": ["ip4tset1"],
        "trie.test": ["ip4trie1"],
        "sets.test": ["ip4set1", "ip4set2"],
        "all.test": ["ip4trie2", "ip4set2", "ip4tset2"],
        "six.test": ["ip6trie1"],
        "sixset.test": ["ip6tset1"],
        "sixes.test": ["ip6trie2", "ip6tset2", "ip6trie1"],
        "names.test": ["dnset1"],
        "manynames.test": ["dnset1", "dnset2"],
        "records.test": ["generic1"],
        "mixed.test": ["ip4set1", "ip6trie1", "dnset2", "generic2"],
    }

    def start_rbldnsd(self):
        port = free_port()
        user = ["-u", "65534:65534"] if os.geteuid() == 0 else []
        zones = [f"{zone}:{name[:-1]}:{name}" for zone, names in self.ZONES.items() for name in names]
        zones += [f"{name}.alone:{name[:-1]}:{name}" for name in sorted({name for names in self.ZONES.values() for name in names})]
        return Server([self.rbldnsd, "-n", "-a", "-c", "0", *user, "-w", str(self.path), "-b", f"127.0.0.1/{port}", *zones], port,
                      self.path / "rbldnsd.log")

    def start_rblitzd(self, files):
        port = free_port()
        config = [f'[server]\nio = "kernel"\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\ncontrol = "control.sock"\n']
        config += [f'[[feed]]\nname = "{name}"\npath = "{name}"\nformat = "{file.kind}"\n' for name, file in files.items()]
        config += [f'[[zone]]\nname = "{zone}"\nfeeds = [{", ".join(f"{name!r}" for name in names)}]\n'.replace("'", '"')
                   for zone, names in self.ZONES.items()]
        (self.path / "state").mkdir()
        (self.path / "rblitz.toml").write_text("\n".join(config))
        return Server([self.rblitzd, "--config", str(self.path / "rblitz.toml")], port, self.path / "rblitzd.log")

    def wanted(self, files, source):
        wanted = []
        for zone, names in self.ZONES.items():
            of_zone = [files[name] for name in names]
            types = ("A", "TXT", "MX") if any(file.kind == "generic" for file in of_zone) else ("A", "TXT")
            wanted += [(f"{name}.{zone}", kind) for name in questions(of_zone, source, QUESTIONS) for kind in types]
        return wanted

    def below(self, files, wanted, server):
        """What lies below a name, as far as that is certain: (names below which rbldnsd lists something, names below which lines
        contradict each other: the one lists what the other excludes, and whether that counts is not defined)."""
        candidates, contradicted = {name for name, _ in wanted}, set()
        for zone, names in self.ZONES.items():
            for file in (files[name] for name in names if isinstance(files[name], NameFile)):
                candidates |= {f"{name}.{zone}" for name in file.entered}
                contradicted |= ancestors(f"zz.{name}.{zone}" for name in file.listed & file.excluded)
        candidates |= {"zz." + name for name in candidates if len(name) < 250}
        answers = server.ask([(name, "A") for name in sorted(candidates)])
        return ancestors(name for (name, _), (rcode, _, _) in answers.items() if rcode == dns.rcode.NOERROR), contradicted

    def alone(self, wanted, server):
        """What rbldnsd says of each file alone, where a zone has several."""
        questions = set()
        for name, kind in wanted:
            relative, zone = relative_and_zone(name)
            if len(self.ZONES[zone]) > 1:
                questions |= {(f"{relative}.{feed}.alone", asked) for feed in self.ZONES[zone] for asked in ("A", kind)}
        return server.ask(sorted(questions))

    def ttl(self, files, question, alone):
        """Of what is listed in a zone of several files: the smallest of the single records, and, where other feeds have records of
        this type too, of all those that list it."""
        relative, zone = relative_and_zone(question[0])
        default = next((files[feed].ttl for feed in self.ZONES[zone] if files[feed].ttl), NO_TTL)
        records, listing, others = [], [], []
        for feed in self.ZONES[zone]:
            ttls = {kind: [default if ttl == NO_TTL else ttl for ttl, _ in alone[f"{relative}.{feed}.alone", kind][1]]
                    for kind in ("A", question[1])}
            if feed.startswith("generic"):
                records += ttls[question[1]]
            else:
                listing += ttls["A"]
                others += ttls[question[1]]
        return min(records + (listing if others else []))

    def acceptable(self, question, theirs, files, alone, below):
        """The answers that are right when rbldnsd answers so: (rcode, records)."""
        relative, zone = relative_and_zone(question[0])
        if theirs[0] != dns.rcode.NXDOMAIN:
            if theirs[1] and len(self.ZONES[zone]) > 1:
                ttl = self.ttl(files, question, alone)
                return [(theirs[0], sorted((ttl, text) for _, text in theirs[1]))]
            return [theirs]
        nodata = (dns.rcode.NOERROR, [])
        kinds = {feed[:-1] for feed in self.ZONES[zone]}
        if kinds & {"ip6trie", "ip6tset"} and all(label in HEX for label in relative.split(".")) and relative.count(".") < 31:
            return [nodata]
        if not kinds & {"dnset", "generic"}:
            return [theirs]
        something, contradicted = below
        return [nodata] if question[0] in something else [theirs, nodata] if question[0] in contradicted else [theirs]

    def compare(self, wanted, theirs, ours, right_answers):
        differences, incomparable, listed = [], 0, 0
        for question in wanted:
            self.assertIn(question, theirs, "rbldnsd did not answer")
            self.assertIn(question, ours, "rblitzd did not answer")
            rcode, records, cut = theirs[question]
            right = right_answers(question, (rcode, records))
            if cut or ours[question][2]:
                incomparable += 1
            elif ours[question][:2] not in right:
                differences.append(f"{question[1]} {question[0]}: rbldnsd {(rcode, records)}, right {right}, rblitzd "
                                   f"{ours[question][:2]}")
            listed += rcode == dns.rcode.NOERROR
        self.assertLess(incomparable, len(wanted) // 50)
        self.assertTrue(len(wanted) // 10 < listed < len(wanted) * 99 // 100, f"{listed} of {len(wanted)} questions are listed")
        return differences

    def evidence(self, files, differences):
        kept = Path(tempfile.mkdtemp(prefix="rbldnsd-differential-"))
        for name, file in files.items():
            file.write(kept / name)
        return "\n".join([f"{len(differences)} differences; data in {kept}", *differences[:20]])

    def test_same_answers_from_the_same_data(self):
        if self.rblitzd is None:
            self.skipTest("no rblitzd was named")
        print(f"SEED={SEED} ROUNDS={ROUNDS}", flush=True)
        for turn in range(ROUNDS):
            with self.subTest(round=turn):
                source = random.Random(f"{SEED} {turn}")
                self.setUp()
                files = self.make_files(source)
                wanted = self.wanted(files, source)
                with self.start_rbldnsd() as theirs, self.start_rblitzd(files) as ours:
                    below, alone = self.below(files, wanted, theirs), self.alone(wanted, theirs)
                    differences = self.compare(wanted, theirs.ask(wanted), ours.ask(wanted),
                                               lambda question, theirs: self.acceptable(question, theirs, files, alone, below))
                self.assertEqual(len(differences), 0, self.evidence(files, differences) if differences else "")

    def test_rbldnsd_takes_the_data_as_it_is_meant(self):
        """The generator itself: nearly every line is accepted, and answers are of every kind."""
        source = random.Random(f"{SEED} 0")
        files = self.make_files(source)
        wanted = self.wanted(files, source)
        with self.start_rbldnsd() as server:
            answers = server.ask(wanted)
        self.assertEqual(len(answers), len(wanted))
        log = (self.path / "rbldnsd.log").read_text()
        complaints = [line for line in log.splitlines() if "file " in line and "(" in line]
        unexpected = [line for line in complaints
                      if not any(what in line for what in ("invalid", "unrecognized", "too large range", "truncated", "non-zero host",
                                                           "duplicated entry", "increase $MAXRANGE4"))]
        self.assertEqual(unexpected, [])
        kinds = [records for _, records, _ in answers.values()]
        self.assertGreater(sum(not records for records in kinds), 100)
        self.assertGreater(sum(len(records) == 1 for records in kinds), 100)
        self.assertGreater(sum(len(records) > 1 for records in kinds), 20)


if __name__ == "__main__":
    Differential.rbldnsd = sys.argv[1]
    Differential.rblitzd = sys.argv[2] if len(sys.argv) > 2 else None
    unittest.main(verbosity=2, argv=sys.argv[:1])
