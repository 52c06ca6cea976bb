#!/usr/bin/python3
"""Postfix and Exim that ask the server: who is let in, who is not, and which zone the log names."""

import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import Server, main, namespace
from peers import EXAMPLES, FILES, FOLDER, LIBRARIES, POSTFIX, USERS, Matrix, PostfixClients, config, daemon, etc, missing, run_in, stop, write_postfix

EXIM = "usr/sbin/exim4"
# What happens: client, sender's domain, and the zone that keeps it out.
CASES = {"listed": ("192.0.2.10", "ham.example", "bl.example.com"), "unlisted": ("192.0.2.11", "ham.example", None),
         "in a network": ("198.51.100.9", "ham.example", "bl.example.com"), "allow list": ("198.51.100.7", "ham.example", None),
         "IPv6": ("2001:db8:bad::1", "ham.example", "bl.example.com"), "other IPv6": ("2001:db8:bae::1", "ham.example", None),
         "sender": ("192.0.2.11", "www.spam.example", "dbl.example.com")}
matrix = Matrix()


def tearDownModule():
    matrix.show()


class MailServers(unittest.TestCase):
    def setUp(self):
        self.space = self.enterContext(namespace())
        self.enterContext(etc(self.space, **USERS))
        self.server = self.enterContext(Server(config('listen = ["127.0.0.1:53"]\n'), FILES, self.space))
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        self.folder.chmod(0o755)  # daemons that are no longer root look in


@unittest.skipIf(missing(POSTFIX, "swaks"), missing(POSTFIX, "swaks"))
class Postfix(PostfixClients, MailServers):
    def test_restrictions_of_the_example(self):
        write_postfix(self.folder, "smtpd_relay_restrictions = reject_unauth_destination\n" + (EXAMPLES / "postfix-main.cf").read_text())
        command = [FOLDER / POSTFIX, "-c", self.folder, "start-fg"]
        with daemon(self.space, *command, ready=lambda: "daemon started" in self.log(), more_log=self.log,
                    pid_file=self.folder / "queue/pid/master.pid"):
            for case, (client, domain, zone) in CASES.items():
                with matrix.case(self, "Postfix", case):
                    before = len(self.log())
                    done = self.say(client, domain)
                    self.assertEqual(done.returncode, 24 if zone else 0, done.stdout + self.log()[before:])
                    if zone:
                        self.assertIn("554 5.7.1 Service unavailable; ", done.stdout)
                        self.assertIn(f"blocked using {zone}", self.log()[before:])
                    else:
                        self.assertNotIn("NOQUEUE", self.log()[before:])
            with matrix.case(self, "Postfix", "TXT in the reply"):
                done = self.say("192.0.2.10", "ham.example")
                self.assertIn("blocked using bl.example.com; why 192.0.2.10 is listed", done.stdout)


@unittest.skipIf(missing(EXIM), missing(EXIM))
class Exim(MailServers):
    def say(self, client, domain):
        talk = f"EHLO client.example.org\nMAIL FROM:<somebody@{domain}>\nRCPT TO:<user@mail.example.net>\nQUIT\n"
        return run_in(self.space, FOLDER / EXIM, "-C", self.folder / "exim.conf", "-bh", client, stdin=talk,
                      LD_LIBRARY_PATH=LIBRARIES).stdout

    def test_acl_of_the_example(self):
        (self.folder / "exim.conf").write_text(f"""
primary_hostname = mail.example.net
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/%slog
acl_smtp_rcpt = rcpt
begin acl
rcpt:
{(EXAMPLES / "exim-acl.conf").read_text()}
accept domains = mail.example.net
""")
        for case, (client, domain, zone) in CASES.items():
            with matrix.case(self, "Exim", case):
                talk = self.say(client, domain)
                self.assertRegex(talk, rf"(?m)^550.* is listed in {zone}: " if zone else r"(?m)^250 Accepted")
        with matrix.case(self, "Exim", "TXT in the reply"):
            self.assertIn("listed in bl.example.com: why 192.0.2.10 is listed", self.say("192.0.2.10", "ham.example"))


class Stopping(unittest.TestCase):
    """Of programs like Postfix, whose process to end is a child of what was started."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        # Its end is read when the last of them is gone, whose output it is.
        self.process = subprocess.Popen(["sh", "-c", f"sleep 60 & echo $! >{self.folder}/pid.new && mv {self.folder}/pid.new "
                                         f"{self.folder}/pid; wait $!; exit 7"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.process.stdout.close)
        while not (self.folder / "pid").exists():
            self.assertIsNone(self.process.poll())
            time.sleep(0.01)

    def check_stop(self, name, status):
        began = time.monotonic()
        stop(self.process, self.folder / name)
        self.assertEqual((self.process.returncode, self.process.stdout.read()), (status, b""))
        self.assertLess(time.monotonic() - began, 25)  # before anybody has to be killed

    def test_who_is_named_is_told_and_who_waits_ends_by_itself(self):
        self.check_stop("pid", 7)

    def test_where_nobody_is_named_all_end(self):
        self.check_stop("absent", -15)

    def test_a_number_that_is_another_s_by_now_is_left_alone(self):
        other = subprocess.Popen(["sleep", "60"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        (self.folder / "stale").write_text(f"{other.pid}\n")
        self.check_stop("stale", -15)
        self.assertIsNone(other.poll())

    def test_a_number_that_is_nobody_s_is_not_waited_for(self):
        (self.folder / "stale").write_text(f"{1 << 22}\n")  # Linux numbers those below
        self.check_stop("stale", -15)


if __name__ == "__main__":
    main()
