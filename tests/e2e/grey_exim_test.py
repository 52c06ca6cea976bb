#!/usr/bin/python3
"""Exim and a greylist, by the example: natively over DNS, by itself and through unbound."""

import base64
import re
import unittest

import grey
from grey import DEFER, KNOWN
from grey_peers import TXT, UNBOUND, ZONE, MailServer
from harness import main
from peers import EXAMPLES, FOLDER, LIBRARIES, Matrix, missing, run_in

EXIM = "usr/sbin/exim4"
IDS = {"root": 0, "daemon": 1, "Debian-exim": 101, "nobody": 65534}
matrix = Matrix()


def tearDownModule():
    matrix.show()


class Exim(MailServer):
    program = "Exim"
    files = {"passwd": "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in IDS.items()),
             "group": "".join(f"{name}:x:{number}:\n" for name, number in IDS.items())}
    null_sender_passes, options = True, ""

    def setUp(self):
        super().setUp()
        self.configure()

    def configure(self, changes=()):
        main_part, acl = ((EXAMPLES / f"exim-greylist-{part}.conf").read_text() for part in ("main", "acl"))
        self.assertIn("the-first-line-of-grey.key", main_part)
        main_part = main_part.replace("the-first-line-of-grey.key", grey.KEY)
        for old, new in changes:
            self.assertIn(old, main_part + acl)
            main_part, acl = main_part.replace(old, new), acl.replace(old, new)
        (self.folder / "exim.conf").write_text(f"""
primary_hostname = mail.example.net
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/%slog
{main_part}
hostlist relay_from_hosts = 127.0.0.1 : 10.0.0.0/8
acl_smtp_rcpt = rcpt
begin acl
rcpt:
{acl}
accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if eq{{$auth2}}{{user}}}}
""")

    def talk(self, client, *commands):
        commands = "".join(command + "\n" for command in ("EHLO client.example.org", *commands, "QUIT"))
        return run_in(self.space, FOLDER / EXIM, "-C", self.folder / "exim.conf", "-bh", client, stdin=commands,
                      LD_LIBRARY_PATH=LIBRARIES).stdout

    def deliver(self, client, sender, *recipients, user=""):
        login = ["AUTH PLAIN " + base64.b64encode(f"\0{user}\0secret".encode()).decode()] if user else []
        talk = self.talk(client, *login, f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{to}>" for to in recipients))
        self.assertEqual(talk.count("\n235 Authentication succeeded"), len(login), talk)
        answers = re.findall(r"^(250 Accepted|451 4\.7\.1 Greylisted, please try again later)\r?$", talk, re.M)
        self.assertEqual(len(answers), len(recipients), talk)
        return [answer.startswith("451") for answer in answers]

    def case(self, name):
        return matrix.case(self, self.program, name)

    def test_the_life_of_a_triplet(self):
        self.check_life(self.case)

    def test_the_name_is_that_of_the_test_vector(self):
        with self.case("test vector"):
            self.check_the_name()

    def test_who_is_no_stranger_is_not_asked_about(self):
        mail = ("192.0.2.4", "a@x.example", "bob@test")
        with self.case("authenticated"):
            self.assertEqual(self.deliver(*mail, user="user"), [False])
            self.assertEqual(self.why(*mail), "new")
            self.assertEqual(self.relay.codes(), [])
        with self.case("own network"):
            self.check_delivery(("10.1.2.3", *mail[1:]))
        with self.case("null sender"):
            self.check_delivery(("192.0.2.4", "", "bob@test"))
            self.configure([("  !senders      = :\n", "")])
            self.check_delivery(("192.0.2.4", "", "bob@test"), DEFER)
            self.assertEqual(self.why("192.0.2.4", "", "bob@test"), "early")

    def test_each_recipient_has_its_own_answer(self):
        with self.case("several recipients"):
            mail = ("192.0.2.4", "a@x.example")
            self.server.rblitz("grey", "allow", *mail, "bob@test")
            self.assertEqual(self.deliver(*mail, "ann@test", "bob@test", "carol@test"), [True, False, True])
            self.assertEqual(self.relay.codes(), [DEFER, KNOWN, DEFER])

    def test_the_log_says_why(self):
        with self.case("log"):
            talk = self.talk("192.0.2.4", "MAIL FROM:<a@x.example>", "RCPT TO:<bob@test>")
            self.assertRegex(talk, r"greylisted \(v=grey1 s=defer wait=\d+ first=\d+ why=early\)")
            self.assertEqual([kind for _, kind, _ in self.relay.asked].count(TXT), 1)

    def test_the_sender_s_domain_can_be_told(self):
        with self.case("domain told"):
            (told,) = re.findall(r"^#   (GREY_OPTIONS = .*)$", (EXAMPLES / "exim-greylist-main.conf").read_text(), re.M)
            self.configure([("\nGREY_OPTIONS =\n", f"\n{told}\n"), ("  !senders      = :\n", "")])
            self.assertEqual(self.deliver("192.0.2.4", "Alice@Example.com", "bob@test"), [True])
            self.assertEqual(self.deliver("192.0.2.4", "", "bob@test"), [True])
            self.assertEqual([name.lower() for name in self.relay.names()],
                             [grey.name(ZONE, options="d"), grey.name(ZONE, sender="")])

    def test_trouble_passes_in_time(self):
        self.check_trouble(self.case)


@unittest.skipIf(missing(EXIM), missing(EXIM))
class ByItself(Exim):
    pass


@unittest.skipIf(missing(EXIM, UNBOUND), missing(EXIM, UNBOUND))
class ThroughUnbound(Exim):
    program, through_unbound = "Exim, unbound", True

    def test_minimised_questions_leave_no_trace(self):
        with self.case("minimised"):
            self.check_delivery(("192.0.2.4", "a@x.example", "bob@test"), DEFER)
            self.relay.asked.clear()
            self.assertEqual(self.deliver("2001:db8::7", "a@x.example", "bob@test"), [True])
            self.assertGreater(len({name.lower() for name, _, _ in self.relay.asked}), 5)
            self.assertEqual(len(self.server.json("grey", "list")["rows"]), 2)


del Exim  # its tests are those of the two above

if __name__ == "__main__":
    main()
