#!/usr/bin/python3
"""What `rblitz lookup` and `rblitz dump` read once more is read as the server has read it: with the codes of categories, from
another folder than the server's, and without what the zone excepts."""

import os
import subprocess
import unittest

import harness
from harness import Server, free_port, main

CAP = ("#generated on 20261121\nbot|203.0.113.13|64496|2026-11-21 00:00:00|family: examplebot;|EXAMPLE-A, ZZ\n"
       "openresolver|203.0.113.14|64496|2026-11-21 00:00:00||EXAMPLE-A, ZZ\n")
FILES = {"cap.txt": CAP, "systems.txt": "64496 | ZZ | arin | 2001-02-03 | EXAMPLE-A, ZZ\n",
         "records.txt": "@ TXT about\nwww A 192.0.2.80\nold A 192.0.2.81\n", "good.txt": "old.\n", "ip.txt": "192.0.2.0/24\n"}


def config(port):
    feeds = (("cap", "cymru-cap", 'codes = { bot = "127.0.0.40", openresolver = "none" }\n'), ("systems", "cymru-asn", ""),
             ("records", "generic", ""), ("good", "dnset", ""), ("ip", "cidr", ""))
    zones = (("cap", ""), ("systems", ""), ("records", 'except = ["good"]\n'), ("ip", ""))
    return (f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n' +
            "".join(f'[[feed]]\nname = "{name}"\npath = "{name}.txt"\nformat = "{form}"\n{more}' for name, form, more in feeds) +
            "".join(f'[[zone]]\nname = "{name}.test"\nfeeds = ["{name}"]\nns = ["ns.example"]\n{more}' for name, more in zones))


class ReadOnceMore(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(config(free_port()), FILES))

    def dump(self, zone):
        done = self.server.rblitz("dump", zone)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def line(self, what, zone):
        record = self.server.json("lookup", what, "--zone", zone)["zones"][0]["records"][0]
        return record["a"], os.path.basename(record["file"] or ""), record["line"]

    def test_codes_of_categories(self):
        text = self.dump("cap.test")
        self.assertIn("127.0.0.40", text)
        self.assertIn("13.113.0.203", text)
        self.assertNotIn("14.113.0.203", text)
        self.assertEqual(self.line("203.0.113.13", "cap.test"), ("127.0.0.40", "cap.txt", 2))

    def test_names_of_autonomous_systems(self):
        self.assertIn("64496 | ZZ | arin | 2001-02-03 | EXAMPLE-A, ZZ", self.dump("systems.test"))
        self.assertEqual(self.line("as64496", "systems.test")[1:], ("systems.txt", 1))

    def test_records_of_excepted_names_are_not_in_a_dump(self):
        text = self.dump("records.test")
        self.assertIn("192.0.2.80", text)
        self.assertIn("about", text)
        self.assertNotIn("192.0.2.81", text)


class Elsewhere(unittest.TestCase):
    def test_a_server_with_a_relative_configuration_tells_where_its_files_are(self):
        server = Server(config(free_port()), FILES)
        before = os.getcwd()
        command = harness.programs.rblitzd
        os.chdir(server.folder)
        self.addCleanup(os.chdir, before)
        folder, server.folder = server.folder, type(server.folder)(".")
        self.assertTrue(os.path.isabs(command), command)
        try:
            server.start()
        finally:
            server.folder = folder
            os.chdir(before)
        self.addCleanup(server.__exit__)
        record = server.json("lookup", "192.0.2.1", "--zone", "ip.test")["zones"][0]["records"][0]
        self.assertEqual((record["file"], record["line"]), (str(folder / "ip.txt"), 1))
        done = subprocess.run([harness.programs.rblitz, "--control", folder / "control.sock", "dump", "ip.test"], capture_output=True,
                              text=True, timeout=60, cwd="/")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("*.2.0.192", done.stdout)


if __name__ == "__main__":
    main()
