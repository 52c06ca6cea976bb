#!/usr/bin/python3
"""Rspamd and a greylist, by the example: its own configuration, our files in local.d, messages by HTTP as mail servers send them."""

import http.client
import json
import os
import shutil
import unittest

import grey
from grey import DEFER
from grey_peers import RELAY, UNBOUND, ZONE, MailServer
from harness import inside, main
from peers import EXAMPLES, FOLDER, Matrix, daemon, missing

RSPAMD = "usr/bin/rspamd"
MESSAGE = b"From: Somebody <somebody@example.org>\r\nTo: bob@test\r\nSubject: Hello\r\n\r\nHow are you?\r\n"
LIBRARIES = ":".join(str(FOLDER / "usr/lib" / name) for name in ("rspamd", f"{os.uname().machine}-linux-gnu"))
matrix = Matrix()


def tearDownModule():
    matrix.show()


class Rspamd(MailServer):
    program = "Rspamd"
    files = {"hosts": "127.0.0.1 localhost\n", "nsswitch_conf": "hosts: files\n"}

    def setUp(self):
        super().setUp()
        local = self.folder / "local.d"
        shutil.copytree(EXAMPLES / "rspamd", local)
        self.assertIn(f"'{grey.KEY}|'", (local / "rbl.conf").read_text())
        resolver = "127.0.0.1" if self.through_unbound else RELAY
        # Of all top level domains a few: Rspamd takes seconds to compile them.
        (self.folder / "tld").write_text("com\norg\nnet\n")
        (local / "options.inc").write_text(f'dns {{ nameserver = ["{resolver}"]; }}\nurl_tld = "{self.folder}/tld";\n')
        (local / "worker-normal.inc").write_text("count = 1;\n")
        for name in ("controller", "proxy", "fuzzy"):
            (local / f"worker-{name}.inc").write_text("enabled = false;\n")
        variables = {"CONFDIR": FOLDER / "etc/rspamd", "LOCAL_CONFDIR": self.folder, "WWWDIR": FOLDER / "usr/share/rspamd/www",
                     "SHAREDIR": FOLDER / "usr/share/rspamd"}
        variables |= {f"{name.upper()}DIR": FOLDER / "usr/share/rspamd" / name for name in ("plugins", "rules", "lualib")}
        for name in ("DB", "RUN", "LOG"):
            variables[f"{name}DIR"] = self.folder / name
            (self.folder / name).mkdir()
        log = self.folder / "LOG/rspamd.log"
        self.enterContext(daemon(self.space, FOLDER / RSPAMD, "--no-fork", "--insecure", "-c", FOLDER / "etc/rspamd/rspamd.conf",
                                 *(f"--var={name}={value}" for name, value in variables.items()), ready=self.is_ready,
                                 more_log=lambda: log.read_text() if log.exists() else "", libraries=LIBRARIES))

    def ask(self, method, path, headers=(), body=b""):
        with inside(self.space):
            connection = http.client.HTTPConnection("127.0.0.1", 11333, timeout=60)
            connection.connect()
        try:
            connection.putrequest(method, path)
            for name, value in [*headers, ("Content-Length", str(len(body)))]:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_ready(self):
        try:
            return self.ask("GET", "/ping")[0] == 200
        except OSError:
            return False

    def deliver(self, client, sender, *recipients, user=""):
        """One message; Rspamd says one thing for all of its recipients."""
        headers = [("IP", client), ("From", sender), ("Helo", "client.example.org"), *(("Rcpt", to) for to in recipients)]
        status, body = self.ask("POST", "/checkv2", headers + ([("User", user)] if user else []), MESSAGE)
        self.assertEqual(status, 200, body)
        result = json.loads(body)
        is_deferred = result["action"] == "soft reject"
        self.assertEqual("RBLITZ_GREY_DEFER" in result["symbols"], is_deferred, result)
        if is_deferred:
            self.assertEqual(result["messages"]["smtp_message"], "Greylisted, please try again later")
        else:
            self.assertIn(result["action"], ("no action", "add header", "greylist"))
        return [is_deferred]

    def case(self, name):
        return matrix.case(self, self.program, name)

    def test_the_life_of_a_triplet(self):
        self.check_life(self.case)

    def test_what_is_asked(self):
        mail = ("192.0.2.4", "a@x.example", "bob@test")
        with self.case("test vector"):
            self.check_the_name()
        with self.case("authenticated"):
            self.assertEqual(self.deliver(*mail, user="user"), [False])
            self.assertEqual(self.relay.codes(), [])
        with self.case("own network"):
            self.check_delivery(("10.1.2.3", *mail[1:]))
        with self.case("null sender"):
            self.check_delivery(("192.0.2.4", "", "bob@test"), DEFER)
            self.assertEqual(self.why("192.0.2.4", "", "bob@test"), "early")
        with self.case("several recipients"):
            # The first speaks for all.
            self.server.rblitz("grey", "allow", *mail)
            self.assertEqual(self.deliver(*mail[:2], "ann@test", "bob@test", "carol@test"), [True])
            self.assertEqual(self.deliver(*mail, "carol@test"), [False])
            self.assertEqual([name.lower() for name in self.relay.names()],
                             [grey.name(ZONE, *mail[:2], to) for to in ("ann@test", "bob@test")])

    def test_trouble_passes_in_time(self):
        self.check_trouble(self.case)


@unittest.skipIf(missing(RSPAMD), missing(RSPAMD))
class ByItself(Rspamd):
    pass


@unittest.skipIf(missing(RSPAMD, UNBOUND), missing(RSPAMD, UNBOUND))
class ThroughUnbound(Rspamd):
    program, through_unbound = "Rspamd, unbound", True


del Rspamd  # its tests are those of the two above

if __name__ == "__main__":
    main()
