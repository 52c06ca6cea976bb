#!/usr/bin/python3
"""Postfix, Exim and SpamAssassin that ask a zone of heat, by the examples: refused by a range, delayed and scored by the score."""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import Server, main, namespace
from peers import EXAMPLES, FOLDER, LIBRARIES, POSTFIX, USERS, Matrix, PostfixClients, daemon, etc, missing, run_in, write_postfix

EXIM, SPAMASSASSIN = "usr/sbin/exim4", "usr/bin/spamassassin"
PERL = [FOLDER / "usr/share/perl5", *sorted(FOLDER.glob("usr/lib/*/perl5/5.*"))]
CONFIG = """
[server]
listen = ["127.0.0.1:53"]
state = "state"
[[feed]]
name = "map"
path = "map.txt"
format = "heat"
[[heat]]
zone = "heat.example.com"
feeds = ["map"]
"""
# Whose client is where: the scores of their /24s.
SCORES = {"burning": ("85.10.20.30", 230), "hot": ("85.10.21.30", 128), "warm": ("85.10.22.30", 127), "cool": ("85.10.23.30", 63),
          "unknown": ("85.10.24.30", 0)}
FILES = {"map.txt": "".join(f"{address} {score}\n" for address, score in SCORES.values()) + "2a02:6b8::/64 250\n"}
matrix = Matrix()


def tearDownModule():
    matrix.show()


class Asking(unittest.TestCase):
    def setUp(self):
        self.space = self.enterContext(namespace())
        self.enterContext(etc(self.space, **USERS))
        self.server = self.enterContext(Server(CONFIG, FILES, self.space))
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        self.folder.chmod(0o755)  # daemons that are no longer root look in

    def asked(self):
        return self.server.json("stats")["zones"]["heat.example.com"]


@unittest.skipIf(missing(POSTFIX, "swaks"), missing(POSTFIX, "swaks"))
class Postfix(PostfixClients, Asking):
    def test_a_range_of_scores_is_refused(self):
        write_postfix(self.folder, "smtpd_relay_restrictions = reject_unauth_destination\n" + (EXAMPLES / "postfix-heat.cf").read_text())
        command = [FOLDER / POSTFIX, "-c", self.folder, "start-fg"]
        with daemon(self.space, *command, ready=lambda: "daemon started" in self.log(), more_log=self.log,
                    pid_file=self.folder / "queue/pid/master.pid"):
            for case, (client, score) in SCORES.items():
                with matrix.case(self, "Postfix", case):
                    done = self.say(client)
                    self.assertEqual(done.returncode, 24 if score >= 128 else 0, done.stdout + self.log())
                    if score >= 128:
                        self.assertIn(f"blocked using heat.example.com; heat={score} level=24 ", done.stdout)
            with matrix.case(self, "Postfix", "IPv6"):  # 127.0.64.250 is not in the range
                self.assertEqual(self.say("2a02:6b8::7").returncode, 0)
        self.assertEqual(self.asked()["listed"] > 0, True)


@unittest.skipIf(missing(EXIM), missing(EXIM))
class Exim(Asking):
    def test_who_comes_from_a_hot_network_waits(self):
        (self.folder / "exim.conf").write_text(f"""
primary_hostname = mail.example.net
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/%slog
acl_smtp_rcpt = rcpt
begin acl
rcpt:
{(EXAMPLES / "exim-heat-acl.conf").read_text()}
accept domains = mail.example.net
""")
        for case, (client, score) in {**SCORES, "IPv6": ("2a02:6b8::7", 0)}.items():
            with matrix.case(self, "Exim", case):
                talk = "EHLO client.example.org\nMAIL FROM:<somebody@ham.example>\nRCPT TO:<user@mail.example.net>\nQUIT\n"
                said = run_in(self.space, FOLDER / EXIM, "-C", self.folder / "exim.conf", "-bh", client, stdin=talk,
                              LD_LIBRARY_PATH=LIBRARIES).stdout
                self.assertRegex(said, r"(?m)^250 Accepted")
                # Exim says what it would wait, and does not.
                delays = [int(seconds) for seconds in re.findall(r"delay modifier requests (\d+)-second delay", said)]
                self.assertEqual(delays, [score // 16] if score >= 64 else [], said)
                self.assertEqual(f"heat {score} of {client}" in said, score >= 64, said)


@unittest.skipIf(missing(SPAMASSASSIN), missing(SPAMASSASSIN))
class SpamAssassin(Asking):
    def setUp(self):
        super().setUp()
        (self.folder / "rules").mkdir()
        for name in ("10_default_prefs.cf", "20_aux_tlds.cf"):  # without them it does not start
            shutil.copy(FOLDER / "usr/share/spamassassin" / name, self.folder / "rules")
        (self.folder / "site").mkdir()
        (self.folder / "site/init.pre").write_text("".join(f"loadplugin Mail::SpamAssassin::Plugin::{name}\n" for name in ("Check", "DNSEval")))
        (self.folder / "site/local.cf").write_text("trusted_networks 192.168.1.0/24\nrbl_timeout 30\ndns_available yes\n"
                                                   "use_auto_whitelist 0\nuse_bayes 0\n" + (EXAMPLES / "spamassassin-heat.cf").read_text())

    def score(self, client):
        """The points, and the tests that gave them."""
        mail = ("Received: from client.example.org (client.example.org [%s]) by mail.example.net with ESMTP id 1; "
                "Sun, 22 Nov 2026 10:00:00 +0000\nFrom: somebody@ham.example\nTo: user@mail.example.net\nSubject: hello\n"
                "Date: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@ham.example>\n\nhello\n" % client)
        said = run_in(self.space, "/usr/bin/perl", "-T", *(f"-I{path}" for path in PERL), FOLDER / SPAMASSASSIN, "-x", "-C",
                      self.folder / "rules", "--siteconfigpath", self.folder / "site", "-p", self.folder / "site/none.cf", stdin=mail).stdout
        found = re.search(r"X-Spam-Status: \w+, score=(-?[\d.]+) [^=]*=[\d.]+ tests=([\w,\s]*?)\s+autolearn", said)
        self.assertTrue(found, said)
        return float(found[1]), set(re.findall(r"RCVD_HEAT_\w+", found[2]))

    def test_points_by_the_score(self):
        expected = {"burning": (3, {"RCVD_HEAT_BURNS"}), "hot": (1.5, {"RCVD_HEAT_HOT"}), "warm": (0.5, {"RCVD_HEAT_WARM"})}
        for case, (client, _) in SCORES.items():
            with matrix.case(self, "SpamAssassin", case):
                self.assertEqual(self.score(client), expected.get(case, (0, set())))


if __name__ == "__main__":
    main()
