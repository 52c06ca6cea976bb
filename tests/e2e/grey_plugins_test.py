#!/usr/bin/python3
"""The plugin for Haraka and the filter for OpenSMTPD, which stand in docs/examples, as those programs call them; and smtpd itself."""

import json
import os
import re
import shutil
import smtplib
import subprocess
import time
import unittest

import grey
from grey import DEFER, KNOWN
from grey_peers import RELAY, ZONE, MailServer
from harness import inside, main
from peers import EXAMPLES, FOLDER, Matrix, command_in, daemon, missing, run_in

SMTPD = "usr/sbin/smtpd"
IDS = {"root": 0, "opensmtpd": 150, "opensmtpq": 151, "nobody": 65534}
matrix = Matrix()
# What Haraka gives a plugin, and its answers for each recipient.
HARAKA = """
const { plugin, key_file, server, client, sender, recipients, user, relaying, is_private } = JSON.parse(require('fs').readFileSync(0))
global.DENYSOFT = 903
const ini = { zone: 'grey.example.com', key_file, server, null_sender: false }
const self = Object.assign(Object.create(require(plugin)), { config: { get: () => ({ main: ini }) } })
const mailbox = (text) => ({ address: () => text, isNull: () => text === '' })
const connection = { remote: { ip: client, is_private }, relaying, notes: user ? { auth_user: user } : {},
                     transaction: { mail_from: mailbox(sender) }, logwarn: () => {} }
self.register()
const ask = (to) => new Promise((next) => self.hook_rcpt_ok((code, text) => next([code, text]), connection, mailbox(to)))
;(async () => {
  const answers = []
  for (const to of recipients) answers.push(await ask(to))
  console.log(JSON.stringify(answers))
})()
"""


def tearDownModule():
    matrix.show()


class Plugin(MailServer):
    def case(self, name):
        return matrix.case(self, self.program, name)

    def check_all(self):
        with self.case("test vector"):
            self.check_the_name()
        self.check_life(self.case)
        mail = ("192.0.2.5", "a@x.example", "bob@test")
        with self.case("authenticated"):
            self.relay.answers()
            self.assertEqual(self.deliver(*mail, user="user"), [False])
            self.assertEqual(self.relay.codes(), [])
        with self.case("null sender"):
            self.check_delivery((mail[0], "", mail[2]))
        with self.case("several recipients"):
            self.server.rblitz("grey", "allow", *mail)
            self.assertEqual(self.deliver(*mail[:2], "ann@test", "bob@test", "carol@test"), [True, False, True])
            self.assertEqual(sorted(self.relay.codes()), sorted([DEFER, KNOWN, DEFER]))
        with self.case("IPv4-mapped"):
            self.assertEqual(self.deliver("::ffff:192.0.2.99", *mail[1:]), [False])
            self.assertEqual(self.relay.names(), [grey.name(ZONE, "192.0.2.99", *mail[1:])])
        self.check_trouble(self.case)


@unittest.skipIf(missing("node"), missing("node"))
class Haraka(Plugin):
    program = "Haraka"

    def deliver(self, client, sender, *recipients, user="", **more):
        given = {"plugin": str(EXAMPLES / "haraka/rblitz_greylist.js"), "key_file": str(self.server.folder / "grey.key"),
                 "server": RELAY, "client": client, "sender": sender, "recipients": recipients, "user": user} | more
        done = run_in(self.space, "node", "-e", HARAKA, stdin=json.dumps(given))
        self.assertEqual(done.returncode, 0, done.stdout)
        answers = json.loads(done.stdout)
        for answer in answers:
            self.assertIn(answer, ([None, None], [903, "Greylisted, please try again later"]))
        return [answer[0] == 903 for answer in answers]

    def test_all(self):
        self.check_all()
        with self.case("own network"):
            self.assertEqual(self.deliver("192.0.2.7", "a@x.example", "bob@test", relaying=True), [False])
            self.assertEqual(self.deliver("192.0.2.7", "a@x.example", "bob@test", is_private=True), [False])
            self.assertEqual(self.why("192.0.2.7", "a@x.example", "bob@test"), "known")  # by another mail of its network


class Smtpd(Plugin):
    """The filter, which is told of sessions as smtpd-filters(7) says."""

    program = "OpenSMTPD"
    protocol = "0.7"

    def setUp(self):
        super().setUp()
        key = self.folder / "grey.key"
        shutil.copy(self.server.folder / "grey.key", key)
        self.process = subprocess.Popen(
            command_in(self.space, EXAMPLES / "opensmtpd-greylist", "--zone", ZONE, "--server", RELAY, "--key-file", key),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.addCleanup(self.end)
        self.sessions = 0
        self.tell("config|smtpd-version|6.8.0", "config|ready")
        self.assertEqual(self.read_until("register|ready"), [f"register|report|smtp-in|{event}" for event in (
            "link-connect", "link-auth", "link-disconnect", "tx-mail")] + ["register|filter|smtp-in|rcpt-to", "register|ready"])

    def end(self):
        self.process.stdin.close()
        self.assertEqual(self.process.wait(timeout=30), 0)
        self.process.stdout.close()

    def tell(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))

    def read_until(self, last):
        lines = []
        while not lines or lines[-1] != last:
            line = self.process.stdout.readline()
            self.assertTrue(line, lines)
            lines.append(line.rstrip("\n"))
        return lines

    def report(self, event, session, *words):
        return "|".join(["report", self.protocol, f"{time.time():.6f}", "smtp-in", event, session, *words])

    def connect(self, client, sender, user=""):
        self.sessions += 1
        session = f"{self.sessions:016x}"
        source = f"[{client}]:12345" if ":" in client else f"{client}:12345"
        self.tell(self.report("link-connect", session, "client.example.org", "pass", source, "192.0.2.1:25"))
        if user:
            self.tell(self.report("link-auth", session, user, "pass"))
        self.tell(self.report("tx-mail", session, "01234567", *(("ok", sender) if self.protocol >= "0.6" else (sender, "ok"))))
        return session

    def ask(self, session, token, recipient):
        self.tell("|".join(["filter", self.protocol, f"{time.time():.6f}", "smtp-in", "rcpt-to", session, token, recipient]))

    def result(self):
        """(session, token, whether it is deferred)."""
        kind, session, token, *verdict = self.process.stdout.readline().rstrip("\n").split("|")
        self.assertEqual(kind, "filter-result")
        self.assertIn(verdict, (["proceed"], ["reject", "451 4.7.1 Greylisted, please try again later"]))
        return *((session, token) if self.protocol >= "0.5" else (token, session)), verdict[0] == "reject"

    def deliver(self, client, sender, *recipients, user=""):
        session = self.connect(client, sender, user)
        results = []
        for i, recipient in enumerate(recipients):
            self.ask(session, f"{i:016x}", f"<{recipient}>")
            *of, is_deferred = self.result()
            self.assertEqual(of, [session, f"{i:016x}"])
            results.append(is_deferred)
        self.tell(self.report("link-disconnect", session))
        return results


@unittest.skipIf(missing(), missing())
class OpenSmtpd(Smtpd):
    def test_all(self):
        self.check_all()

    def test_sessions_do_not_wait_for_each_other(self):
        with self.case("many at once"):
            self.relay.silent = True
            began = time.monotonic()
            sessions = [self.connect(f"192.0.{i}.4", "a@x.example") for i in range(100)]
            for session in sessions:
                self.ask(session, "0" * 16, "bob@test")
            results = [self.result() for _ in sessions]
            self.assertEqual(sorted(session for session, _, _ in results), sorted(sessions))
            self.assertEqual({is_deferred for _, _, is_deferred in results}, {False})
            self.assertLess(time.monotonic() - began, 30)  # one after the other they would take 200

    def test_what_is_strange_passes(self):
        with self.case("strange input"):
            self.tell("", "nonsense", "report|0.7", "filter|0.7|1|smtp-in|rcpt-to|s", "report|0.7|1|smtp-in|tx-mail|none|1|ok|a@b")
            self.ask("f" * 16, "1" * 16, "bob@test")  # of a session that nobody told of
            self.assertEqual(self.result(), ("f" * 16, "1" * 16, False))
            session = self.connect("local", "a@x.example")
            self.ask(session, "2" * 16, "bob@test")
            self.assertEqual(self.result(), (session, "2" * 16, False))
            failed = self.connect("192.0.2.4", "a@x.example")
            self.tell(self.report("link-auth", failed, "pass", "fail"))
            self.ask(failed, "3" * 16, "<bob@test> ORCPT=rfc822;bob@test")
            self.assertEqual(self.result(), (failed, "3" * 16, True))
            self.assertEqual(self.relay.names(), [grey.name(ZONE, "192.0.2.4", "a@x.example", "bob@test")])


@unittest.skipIf(missing(), missing())
class OlderProtocol(Smtpd):
    protocol = "0.4"

    def test_fields_in_their_old_order(self):
        with matrix.case(self, "OpenSMTPD 6.6", "defer"):
            self.assertEqual(self.deliver("192.0.2.4", "Alice@Example.com", "bob@test"), [True])
            self.assertEqual(self.relay.names(), [grey.name(ZONE)])


@unittest.skipIf(missing(SMTPD), missing(SMTPD))
class WholeSmtpd(MailServer):
    """smtpd itself with the lines of smtpd.conf that the filter shows."""

    HOST4, HOST6 = "192.0.2.1", "2001:db8::1"
    files = {"passwd": "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in IDS.items()),
             "group": "".join(f"{name}:x:{number}:\n" for name, number in IDS.items()),
             "hosts": "127.0.0.1 localhost\n", "nsswitch_conf": "hosts: files\n"}

    def setUp(self):
        super().setUp()
        key, program = self.folder / "grey.key", self.folder / "opensmtpd-greylist"
        shutil.copy(self.server.folder / "grey.key", key)
        os.chown(key, IDS["opensmtpd"], IDS["opensmtpd"])
        shutil.copy(EXAMPLES / "opensmtpd-greylist", program)
        shown = re.findall(r"^    ((?:filter|listen) .*)$", program.read_text(), re.M)
        self.assertEqual(len(shown), 2)
        lines = "\n".join(shown).replace("/usr/local/libexec", str(self.folder)).replace("/etc/mail", str(self.folder))
        lines = lines.replace("--zone grey", f"--server {RELAY} --zone grey").replace("egress", "lo")
        (self.folder / "smtpd.conf").write_text(f'{lines}\naction "relay" relay\nmatch from any for any action "relay"\n')
        for address in (self.HOST4, self.HOST6):
            self.add(address)
        # Its folders are in its program: it gets empty ones of its own.
        script = ("set -e; for folder in /var/spool /var/lib /run; do mount -t tmpfs none $folder; done; "
                  "mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd; chmod 711 /var/spool/smtpd; "
                  f"exec {FOLDER / SMTPD} -d -f {self.folder}/smtpd.conf")
        self.enterContext(daemon(self.space, "unshare", "--mount", "sh", "-c", script, ready=self.is_ready))

    def add(self, address):
        words = ["address", "replace", address, "dev", "lo", *(["nodad"] if ":" in address else [])]
        subprocess.run(["ip", "-n", self.space, *words], check=True)

    def connect(self, client, host):
        with inside(self.space):
            return smtplib.SMTP(host, 25, "client.example.org", timeout=60, source_address=(client, 0))

    def is_ready(self):
        try:
            self.connect(self.HOST4, self.HOST4).quit()
            return True
        except OSError:
            return False

    def deliver(self, client, sender, *recipients):
        self.add(client)
        with self.connect(client, self.HOST6 if ":" in client else self.HOST4) as session:
            session.ehlo()
            self.assertEqual(session.mail(sender)[0], 250)
            answers = [session.rcpt(recipient) for recipient in recipients]
        for answer in answers:
            self.assertIn(answer, ((250, b"2.1.5 Destination address valid: Recipient ok"),
                                   (451, b"4.7.1 Greylisted, please try again later")))
        return [code == 451 for code, _ in answers]

    def test_all(self):
        case = lambda name: matrix.case(self, "smtpd", name)
        with case("test vector"):
            self.check_the_name()
        self.check_life(case)
        with case("null sender"):
            self.check_delivery(("192.0.2.5", "", "bob@test"))
        with case("several recipients"):
            self.server.rblitz("grey", "allow", "192.0.2.5", "a@x.example", "bob@test")
            self.assertEqual(self.deliver("192.0.2.5", "a@x.example", "ann@test", "bob@test", "carol@test"), [True, False, True])
        self.check_trouble(case)


del Plugin, Smtpd  # what they test is tested by those above

if __name__ == "__main__":
    main()
