#!/usr/bin/python3
"""`rblitz grey import --from`: databases that postgrey, sqlgrey and greylistd made themselves, and what DNS says then."""

import contextlib
import hashlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import grey
from grey import WHITELISTED, greylist, name
from harness import Server, free_port, main
from peers import FOLDER, Matrix

ZONE = "grey.test.example"
PERL = ["perl", "-T", *(f"-I{FOLDER}/usr/{path}" for path in ("share/perl5", "lib/x86_64-linux-gnu/perl5/5.36"))]
POSTGREY, SQLGREY, GREYLISTD = (FOLDER / "usr/sbin" / program for program in ("postgrey", "sqlgrey", "greylistd"))
BOB = "bob@test"
matrix = Matrix()


def tearDownModule():
    matrix.show()


def absent(program):
    return "" if program.exists() else f"not here: {program} (make check-deps)"


class Importing(grey.Asking, unittest.TestCase):
    """A server with one greylist, and a folder for another greylister."""

    zone = ZONE

    def setUp(self):
        self.port = free_port()
        self.server = self.enterContext(Server(self.config(), grey.FILES))
        (self.server.folder / "grey.key").chmod(0o600)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="rblitz-e2e-")))
        self.wait_until_loaded()

    def config(self, **keys):
        return grey.server_table(self.port) + greylist(ZONE, **{"delay": "1s", "auto_whitelist": 0} | keys)

    @contextlib.contextmanager
    def program(self, *command, ready):
        """Runs it, until SIGTERM has ended it."""
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                end = time.monotonic() + 60
                while not ready():
                    if process.poll() is not None or time.monotonic() > end:
                        log.seek(0)
                        raise AssertionError(f"{command}: {process.poll()}:\n{log.read()}")
                    time.sleep(0.02)
                yield process
            finally:
                # Perl programs forget a signal that comes at a bad moment.
                end = time.monotonic() + 30
                while process.poll() is None:
                    process.terminate() if time.monotonic() < end else process.kill()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=0.5)

    def listens(self, port):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    def policy(self, port, client, sender, recipient):
        """What a policy server says to one request; postgrey and sqlgrey."""
        request = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "client_address": client, "client_name": "unknown",
                   "sender": sender, "recipient": recipient, "instance": str(time.monotonic_ns())}
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall("".join(f"{key}={value}\n" for key, value in request.items()).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n\n"):
                part = connection.recv(4096)
                self.assertTrue(part, answer)
                answer += part
        return answer.decode().strip()

    def wait_for_pass(self, port, *mail):
        self.server.wait_until(lambda: "efer" not in self.policy(port, *mail).lower()[:20])

    def run_import(self, program, path, *options, code=0):
        done = self.server.rblitz("grey", "import", "--from", program, path, *options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr if code else done.stdout

    def whys(self, *mails, options=""):
        return [look["why"] for look in self.looks([name(ZONE, *mail, options) for mail in mails])]

    def rows(self):
        return self.server.json("grey", "list")["rows"]

    def assert_refused(self, program, path, what):
        error = self.run_import(program, path, code=1)
        self.assertTrue(error.startswith("rblitz: grey import: "), error)
        self.assertIn(what, error)
        self.assertEqual(self.rows(), [])

    def reload(self, **keys):
        self.server.write("rblitz.toml", self.config(**keys))
        self.assertEqual(self.server.rblitz("reload").returncode, 0)


@unittest.skipIf(absent(POSTGREY), absent(POSTGREY))
class Postgrey(Importing):
    def postgrey(self, *options):
        port = free_port()
        return port, self.program(*PERL, POSTGREY, f"--inet={port}", f"--dbdir={self.folder}", "--delay=1", "--user=root", "--group=root",
                                  "--whitelist-clients=/dev/null", "--whitelist-recipients=/dev/null", *options,
                                  ready=lambda: self.listens(port))

    PASSED = [("192.0.2.4", "Alice@Example.com", BOB), ("2001:db8::7", "alice@example.com", BOB), ("198.51.100.9", "", BOB),
              ("203.0.113.5", "a/b@x.test", "c/d@test")]
    WAITING = [("192.0.2.77", "carol@x.test", BOB), ("198.51.100.9", "list@x.test", "Dave@Test")]

    def fill(self, port):
        for mail in self.PASSED + [("192.0.2.4", "bounce-4711@x.test", BOB)]:
            self.policy(port, *mail)
        for mail in self.PASSED:
            self.wait_for_pass(port, *mail)
        for mail in self.WAITING:
            self.policy(port, *mail)

    def check_rows(self):
        self.assertEqual(self.whys(*self.PASSED), ["known"] * 4)
        self.assertLessEqual(set(self.whys(*self.WAITING)), {"early", "matured"})
        self.assertEqual(self.whys(("192.0.2.4", "bounce-4711@x.test", BOB), ("192.0.3.4", "Alice@Example.com", BOB)), ["new"] * 2)
        # Four clients' credits, of whom one is none of those that wait alone.
        self.assertEqual(len(self.rows()), 6 + 4)

    def test_a_database_of_one_that_was_stopped_comes_over(self):
        with matrix.case(self, "postgrey", "stopped"):
            port, program = self.postgrey()
            with program:
                self.fill(port)
            for _ in range(2):
                said = self.run_import("postgrey", self.folder)
                self.assertEqual(said, "10 rows joined, 0 were expired\ncannot be carried over: 1: senders whose numbers were "
                                       "taken out\n")
                self.check_rows()

    def test_a_database_of_one_that_runs_comes_over_and_is_left_alone(self):
        with matrix.case(self, "postgrey", "running"):
            port, program = self.postgrey()
            with program as process:
                self.fill(port)
                files = lambda: {file.name: hashlib.sha1(file.read_bytes()).digest() for file in self.folder.iterdir()}
                before = files()
                self.assertIn("10 rows joined", self.run_import("postgrey", self.folder))
                self.assertEqual(files(), before)
                self.check_rows()
                self.assertEqual(self.policy(port, *self.PASSED[0]), "action=DUNNO")
                self.assertIsNone(process.poll())

    def test_senders_as_a_policy_service_writes_them(self):
        with matrix.case(self, "postgrey", "--normal"):
            port, program = self.postgrey()
            with program:
                self.fill(port)
            self.assertEqual(self.run_import("postgrey", self.folder, "--normal"), "11 rows joined, 0 were expired\n")
            self.assertLessEqual(set(self.whys(("192.0.2.4", "bounce-#@x.test", BOB))), {"early", "matured"})

    def test_clients_keep_their_credits(self):
        with matrix.case(self, "postgrey", "credits"):
            port, program = self.postgrey("--auto-whitelist-clients=1")
            with program:
                self.policy(port, *self.PASSED[0])
                self.wait_for_pass(port, *self.PASSED[0])
            self.run_import("postgrey", self.folder)
            self.assertEqual(self.server.json("grey", "lookup", "192.0.2.4")["credits"], 1)
            self.reload(auto_whitelist=1)
            other = name(ZONE, "192.0.2.4", "somebody@else.test", "carol@test")
            self.assertEqual(self.codes([other]), [WHITELISTED])
            self.assertEqual(self.whys(("192.0.2.5", "somebody@else.test", "carol@test")), ["new"])

    def test_networks_of_another_width(self):
        with matrix.case(self, "postgrey", "other masks"):
            port, program = self.postgrey("--ipv4cidr=16", "--lookup-by-subnet")
            with program:
                for i in range(5):
                    self.policy(port, f"192.{i}.2.4", "a@x.test", BOB)
            said = self.run_import("postgrey", self.folder, code=1)
            self.assertIn("nothing can be carried over\ncannot be carried over: 5: networks wider than the greylist's", said)
            shutil.rmtree(self.folder)
            self.folder.mkdir()
            port, program = self.postgrey("--lookup-by-host")
            mails = [("192.0.2.4", "a@x.test", BOB), ("2001:db8::7", "a@x.test", BOB)]
            with program:
                for mail in mails:
                    self.policy(port, *mail)
            self.assertEqual(self.run_import("postgrey", self.folder), "2 rows joined, 0 were expired\n")
            self.assertLessEqual(set(self.whys(("192.0.2.99", "a@x.test", BOB), *mails)), {"early", "matured"})

    def test_hashed_keys_cannot_be_carried_over(self):
        with matrix.case(self, "postgrey", "--privacy"):
            port, program = self.postgrey("--privacy")
            with program:
                self.policy(port, *self.PASSED[0])
            said = self.run_import("postgrey", self.folder, code=1)
            self.assertIn("nothing can be carried over\ncannot be carried over: 1: keys that are hashed (--privacy)", said)

    def test_what_is_no_database_is_refused(self):
        with matrix.case(self, "postgrey", "damaged"):
            self.assert_refused("postgrey", self.folder / "none", "none: No such file or directory")
            self.assert_refused("postgrey", self.folder, "there is no database in it")
            port, program = self.postgrey()
            with program:
                self.fill(port)
            database = self.folder / "postgrey.db"
            good = database.read_bytes()
            for log in self.folder.glob("log.*"):
                log.unlink()
            for damaged in (b"", b"nonsense", good[:len(good) // 2], good[:5000], good[:4096] + b"\xff" * (len(good) - 4096)):
                database.write_bytes(damaged)
                self.assert_refused("postgrey", self.folder, f"{database}: is no database, or damaged: ")
            database.unlink()
            self.assert_refused("postgrey", self.folder, "there is no postgrey.db in it")
            database.write_bytes(good)
            self.assertIn("10 rows joined", self.run_import("postgrey", self.folder))

    def test_a_damaged_log_is_refused(self):
        with matrix.case(self, "postgrey", "damaged log"):
            port, program = self.postgrey()
            with program:
                self.fill(port)
            (log,) = self.folder.glob("log.*")
            log.write_bytes(b"nonsense" * 1000)
            self.assert_refused("postgrey", self.folder, f"{self.folder}: its log cannot be recovered: ")


@unittest.skipIf(absent(SQLGREY), absent(SQLGREY))
class Sqlgrey(Importing):
    def sqlgrey(self, **options):
        port = free_port()
        options = {"user": "root", "group": "root", "inet": port, "db_type": "SQLite", "db_name": self.folder / "sqlgrey.db",
                   "reconnect_delay": 0, "conf_dir": self.folder, "admin_mail": "", "pidfile": self.folder / "pid",
                   "greymethod": "full"} | options
        for file in ("clients_ip_whitelist", "clients_fqdn_whitelist"):
            (self.folder / file).write_text("")
        for file in ("smtp_server", "dyn_fqdn"):
            shutil.copy(FOLDER / f"etc/sqlgrey/{file}.regexp", self.folder)
        (self.folder / "sqlgrey.conf").write_text("".join(f"{key} = {value}\n" for key, value in options.items()))
        return port, self.program(*PERL[:1], *PERL[2:], SQLGREY, "-f", self.folder / "sqlgrey.conf", ready=lambda: self.listens(port))

    def test_a_database_comes_over(self):
        with matrix.case(self, "sqlgrey", "all tables"):
            port, program = self.sqlgrey()
            with program:
                waiting = [("192.0.2.4", "Carol@x.test", "Bob@Test"), ("2001:db8::7", "", BOB), ("192.0.2.4", "list-17@x.test", BOB)]
                passed = [("198.51.100.4", "one@y.test", BOB), ("198.51.100.4", "two@y.test", BOB)]
                single = ("203.0.113.4", "one@z.test", BOB)
                for mail in [*passed, single]:
                    self.policy(port, *mail)
                for mail in [*passed, single]:
                    self.wait_for_pass(port, *mail)
                for mail in waiting:
                    self.policy(port, *mail)
                said = self.run_import("sqlgrey", self.folder / "sqlgrey.db")
            self.assertIn("5 rows joined, 0 were expired\n", said)
            self.assertLessEqual(set(self.whys(*waiting)), {"early", "matured"})
            # Who has passed is known by the domain, to who tells it.
            self.reload(auto_whitelist=5)
            stranger = ("198.51.100.99", "three@y.test", "carol@test")
            self.assertEqual(self.whys(stranger, options="d"), ["domain"])
            self.assertEqual(self.whys(stranger), ["new"])
            self.assertEqual(self.whys(("203.0.113.4", "two@z.test", BOB), options="d"), ["new"])
            kinds = [row["kind"] for row in self.rows()]
            self.assertEqual((kinds.count("triplet"), kinds.count("sender_domain")), (3, 2))

    def test_networks_as_sqlgrey_writes_them(self):
        with matrix.case(self, "sqlgrey", "classc"):
            port, program = self.sqlgrey(greymethod="classc")
            mails = [("192.0.2.4", "a@x.test", BOB), ("2001:db8::7", "a@x.test", BOB), ("2001:db8::21b:21ff:fe12:3456", "b@x.test", BOB)]
            with program:
                for mail in mails:
                    self.policy(port, *mail)
            self.assertEqual(self.run_import("sqlgrey", self.folder / "sqlgrey.db"), "3 rows joined, 0 were expired\n")
            self.assertLessEqual(set(self.whys(*mails, ("192.0.2.99", "a@x.test", BOB))), {"early", "matured"})

    def test_what_cannot_be_carried_over_is_counted(self):
        with matrix.case(self, "sqlgrey", "what stays"):
            port, program = self.sqlgrey()
            with program:
                self.policy(port, "192.0.2.4", "n" * 70 + "@x.test", BOB)
            with sqlite3.connect(self.folder / "sqlgrey.db") as database:
                now = int(time.time())
                for sender in ("news-#", "x-RCPT", "-undef-"):
                    domain = sender if sender == "-undef-" else "x.test"
                    database.execute("INSERT INTO from_awl VALUES (?, ?, '192.0.2.4', ?, ?)", (sender, domain, now, now))
                database.execute("INSERT INTO connect VALUES ('a', 'x.test', '192.0.2.4', 'b@test', '2026-01-01 00:00:00')")
                for table in ("optin_domain", "optin_email", "optout_domain", "optout_email"):
                    database.execute(f"INSERT INTO {table} VALUES ('one@x.test')")
            database.close()
            said = self.run_import("sqlgrey", self.folder / "sqlgrey.db", code=1)
            for reason in ("addresses that were cut", "senders whose numbers were taken out", "senders that had the recipient in them",
                           "null senders that passed", "times that are none", "domains that alone are to wait (optin_domain)",
                           "recipients who alone are to wait (optin_email)", "domains that opted out (optout_domain)",
                           "recipients who opted out (optout_email)"):
                self.assertIn(f"cannot be carried over: 1: {reason}\n", said)

    def test_an_empty_database_is_told(self):
        with matrix.case(self, "sqlgrey", "empty"):
            port, program = self.sqlgrey()
            with program:
                self.policy(port, "192.0.2.4", "a@x.test", BOB)  # which makes it
            file = self.folder / "sqlgrey.db"
            with sqlite3.connect(file) as database:
                database.execute("DELETE FROM connect")
            database.close()
            self.assertEqual(self.run_import("sqlgrey", file), f"0 rows joined, 0 were expired\n{file}: there is nothing in it\n")

    def test_what_is_no_database_is_refused(self):
        with matrix.case(self, "sqlgrey", "damaged"):
            self.assert_refused("sqlgrey", self.folder / "none", "none: cannot ")
            port, program = self.sqlgrey()
            with program:
                for i in range(200):
                    self.policy(port, f"192.0.{i}.4", f"somebody{i}@x.test", BOB)
            file = self.folder / "sqlgrey.db"
            good = file.read_bytes()
            for damaged, what in ((b"", "has no table connect"), (b"nonsense" * 1000, "file is not a database"),
                                  (good[:8192], "malformed"), (good[:4096] + b"\xff" * (len(good) - 4096), "malformed")):
                file.write_bytes(damaged)
                self.assert_refused("sqlgrey", file, what)
            file.unlink()
            with sqlite3.connect(file) as database:
                database.execute("CREATE TABLE connect (other)")
            database.close()
            self.assert_refused("sqlgrey", file, "has no table from_awl: that is no database of sqlgrey")


@unittest.skipIf(absent(GREYLISTD), absent(GREYLISTD))
class Greylistd(Importing):
    def greylistd(self):
        (self.folder / "config").write_text(f"""
[timeouts]
retryMin = 0
[socket]
path = {self.folder}/socket
owner = root:root
[data]
statefile = {self.folder}/states
tripletfile = {self.folder}/triplets
savetriplets = true
update = 0
""")
        return self.program("/usr/bin/python3", GREYLISTD, self.folder / "config", ready=self.answers)

    def answers(self):
        try:
            return bool(self.say("stats"))
        except OSError:  # bound, and not listening yet
            return False

    def say(self, line):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(self.folder / "socket"))
            client.sendall(line.encode())
            return client.recv(4096).decode()

    PASSED = [("192.0.2.4", "alice@example.com", BOB), ("2001:db8::7", "alice@example.com", BOB), ("198.51.100.9", "", BOB)]
    WAITING = ("192.0.2.4", "Carol@x.test", "Dave@Test")

    def fill(self):
        for mail in self.PASSED:
            self.assertEqual(self.say("--grey " + " ".join(mail)), "true")
        for mail in self.PASSED:
            self.server.wait_until(lambda: self.say("--grey " + " ".join(mail)) == "false")
        self.say("--grey " + " ".join(self.WAITING))
        self.say("add --white 203.0.113.1")
        self.say("add --black 203.0.113.2 spam@x.test bob@test")
        self.say("save")

    def test_states_with_their_texts_come_over(self):
        with matrix.case(self, "greylistd", "with texts"):
            with self.greylistd():
                self.fill()
            self.assertEqual(self.run_import("greylistd", self.folder),
                             "5 rows joined, 0 were expired\ncannot be carried over: 1: rows of the black list\n")
            self.assertEqual(self.whys(*self.PASSED), ["known"] * 3)
            self.assertLessEqual(set(self.whys(self.WAITING)), {"early", "matured"})
            self.reload(auto_whitelist=5)
            self.assertEqual(self.whys(("203.0.113.1", "x@y.test", BOB), ("203.0.113.2", "spam@x.test", BOB)), ["client", "new"])

    def test_what_greylistd_itself_lost_at_a_restart_comes_over(self):
        with matrix.case(self, "greylistd", "after a restart"):
            with self.greylistd():
                self.fill()
            with self.greylistd():
                self.say("save")
            self.run_import("greylistd", self.folder)
            self.assertEqual(self.whys(*self.PASSED), ["known"] * 3)

    def test_hashes_alone_are_of_no_use(self):
        with matrix.case(self, "greylistd", "hashes alone"):
            with self.greylistd():
                self.fill()
            texts = (self.folder / "triplets").read_text()
            (self.folder / "triplets").write_text("")
            said = self.run_import("greylistd", self.folder, code=1)
            self.assertIn("nothing can be carried over\ncannot be carried over: 6: hashes without a text\n", said)
            (self.folder / "triplets").unlink()
            self.assert_refused("greylistd", self.folder, "without it nothing can be carried over: the states have hashes alone")
            (self.folder / "triplets").write_text(texts)
            self.assertIn("5 rows joined", self.run_import("greylistd", self.folder))

    def test_what_is_no_file_of_greylistd_is_refused(self):
        with matrix.case(self, "greylistd", "damaged"):
            self.assert_refused("greylistd", self.folder, "states: cannot open")
            with self.greylistd():
                self.fill()
            states = self.folder / "states"
            good = states.read_text()
            cut = good[:good.index("[statistics]")]
            for damaged, what in (("", "ends too early"), ("nonsense\n", "states:1: that is no line"), (cut, "ends too early"),
                                  (cut.rstrip()[:-15], "that is no line of greylistd's states"), ("[other]\n" + good, "states:1: ")):
                states.write_text(damaged)
                self.assert_refused("greylistd", self.folder, what)


class Usage(Importing):
    def test_wrong_usage(self):
        for arguments in (["--from", "other", "/tmp"], ["--from", "postgrey"], ["/tmp/rows", "--normal"], ["/tmp/rows", "--key", "x"]):
            self.assertEqual(self.server.rblitz("grey", "import", *arguments).returncode, 2, arguments)
        self.assertEqual(self.server.rblitz("grey", "export", "--from", "postgrey").returncode, 2)


if __name__ == "__main__":
    main()
