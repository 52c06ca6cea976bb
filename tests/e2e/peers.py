"""Other people's programs in a network namespace: its resolver, daemons that run there, and the matrix of who got what."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import harness

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build/peers"
EXAMPLES = ROOT / "docs/examples/peers"
LIBRARIES = ":".join(str(FOLDER / "usr/lib" / name) for name in ("postfix", f"{os.uname().machine}-linux-gnu"))

POSTFIX = "usr/sbin/postfix"  # in FOLDER
# Who they become; a machine that they are not installed on does not have them all.
IDS = {"root": 0, "daemon": 1, "postdrop": 60, "Debian-exim": 101, "nobody": 65534}
USERS = {"passwd": "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in IDS.items()),
         "group": "".join(f"{name}:x:{number}:\n" for name, number in IDS.items())}

# Addresses, networks and names that every program is asked about.
FILES = {"ip4.txt": "192.0.2.10\n198.51.100.0/24\n", "ip6.txt": "2001:db8:bad::/48\n", "names.txt": ".spam.example\n",
         "good.txt": "198.51.100.7\n"}
FEEDS = "".join(f'[[feed]]\nname = "{name}"\npath = "{name}.txt"\nformat = "{form}"\na = "{a}"\ntxt = "{text}"\n'
                for name, form, a, text in (("ip4", "cidr", "127.0.0.2", "why $ is listed"), ("ip6", "cidr", "127.0.0.3", "six"),
                                            ("names", "dnset", "127.0.1.2", "a name"), ("good", "cidr", "127.0.0.1", "good")))
ZONES = "".join(f'[[zone]]\nname = "{name}.example.com"\nfeeds = {feeds}\n' for name, feeds in
                (("bl", '["ip4", "ip6"]'), ("dbl", '["names"]'), ("wl", '["good"]')))


def config(server):
    """rblitzd's configuration for these files; `server` are the lines of [server] besides the state."""
    return f'[server]\nstate = "state"\n{server}{FEEDS}{ZONES}'


def missing(*names):
    """Which of these programs is not here: a path within build/peers, or the name of an installed one. Empty: all are."""
    absent = [name for name in names if not ((FOLDER / name).exists() if "/" in name else shutil.which(name))]
    return harness.missing_for_namespaces() or (f"not here: {', '.join(absent)} (make check-deps)" if absent else "")


@contextlib.contextmanager
def etc(space, **files):
    """Files of /etc as programs in the namespace see them, `.` of their names written as `_`; one resolver at 127.0.0.1."""
    folder = Path("/etc/netns") / space
    parent_was_there = folder.parent.exists()
    folder.mkdir(parents=True)
    try:
        for name, text in {"resolv_conf": "nameserver 127.0.0.1\n", "nsswitch_conf": "hosts: dns\n", **files}.items():
            (folder / name.replace("_", ".")).write_text(text)
        yield
    finally:
        shutil.rmtree(folder)
        if not parent_was_there:
            with contextlib.suppress(OSError):  # another test made its own there meanwhile
                folder.parent.rmdir()


def command_in(space, *command):
    return ["ip", "netns", "exec", space, *map(str, command)]


def run_in(space, *command, stdin="", seconds=60, **environment):
    return subprocess.run(command_in(space, *command), input=stdin, text=True, timeout=seconds, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, **environment})


@contextlib.contextmanager
def daemon(space, *command, ready, more_log=str, pid_file=None, seconds=60, libraries=LIBRARIES):
    """A program in the foreground of the namespace, once `ready()` is true.

    `pid_file`: holds the process to end, where that is a child of what is started.
    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command_in(space, *command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env={**os.environ, "LD_LIBRARY_PATH": libraries})
        try:
            end = time.monotonic() + seconds
            while not ready():
                if process.poll() is not None or time.monotonic() > end:
                    log.seek(0)
                    raise AssertionError(f"{command[0]} ({process.poll()}) is not ready:\n{log.read()}{more_log()}")
                time.sleep(0.05)
            yield
        finally:
            if process.poll() is None:
                stop(process, pid_file)


def parent(pid):
    """0 where there is no such process."""
    try:
        return int(re.search(r"^PPid:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1])
    except OSError:
        return 0


def family(process):
    """`process` and all that it has started and that still belongs to it."""
    parents = {int(entry.name): parent(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = [process.pid]
    for pid in found:  # and those found meanwhile
        found += [child for child, of in parents.items() if of == pid]
    return found


def stop(process, pid_file=None):
    """Ends `process` by the one of its own whose number `pid_file` holds; where that holds none, with all that it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        ours = family(process)
        told = pid_file.read_text().strip() if pid_file and pid_file.exists() else ""
        # A number that was left behind may be anybody's by now, and what we wait for would not end by it.
        one = number == signal.SIGTERM and told.isdigit() and int(told) in ours
        for pid in [int(told)] if one else ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
            return


def write_postfix(folder, lines):
    """A configuration in `folder` for the Postfix of FOLDER: `lines` of main.cf besides what a mail server on 127.0.0.1:25 needs."""
    for name in ("postfix-files", "postfix-script", "post-install"):
        shutil.copy(FOLDER / "etc/postfix" / name, folder)
        (folder / name).chmod(0o755)
    for name, owner in (("queue", 0), ("data", 1)):
        (folder / name).mkdir()
        os.chown(folder / name, owner, owner)
    master = (FOLDER / "usr/share/postfix/master.cf.dist").read_text().splitlines()
    services = [line.split() for line in master if line and line[0] not in "# "]
    (folder / "master.cf").write_text("".join(" ".join([*words[:4], "n", *words[5:]]) + "\n"
                                            for words in services if words[7] != "pipe"))
    (folder / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {FOLDER}/usr/sbin
daemon_directory = {FOLDER}/usr/lib/postfix/sbin
shlib_directory = {FOLDER}/usr/lib/postfix
meta_directory = {folder}
mail_owner = daemon
setgid_group = postdrop
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
export_environment = MAIL_CONFIG LD_LIBRARY_PATH
myhostname = mail.example.net
mydestination = mail.example.net
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
local_recipient_maps =
alias_maps =
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
{lines}""")


class PostfixClients:
    """For a test case with a namespace `space` and a Postfix whose log is in `folder`: who talks to it, and what it wrote."""

    def log(self):
        path = self.folder / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def say(self, client, domain="ham.example"):
        address = f"IPV6:{client}" if ":" in client else client
        return run_in(self.space, "swaks", "--server", "127.0.0.1", "--helo", "client.example.org", "--xclient-addr", address,
                      "--from", f"somebody@{domain}", "--to", "user@mail.example.net", "--quit-after", "RCPT")


class Matrix:
    """Program by case: ok or FAILED. tests/check.py shows what is printed as `matrix:`."""

    def __init__(self):
        self.results = {}

    @contextlib.contextmanager
    def case(self, test, program, case):
        """The body is one case; a failure of it does not keep the others from being tried."""
        with test.subTest(program=program, case=case):
            self.results.setdefault(program, {})[case] = "FAILED"
            yield
            self.results[program][case] = "ok"

    def show(self):
        cases = list(dict.fromkeys(case for row in self.results.values() for case in row))
        widths = [max(len(case), 6) for case in cases]
        first = max(map(len, self.results), default=0)
        print("\nmatrix:", " " * first, *(case.ljust(width) for case, width in zip(cases, widths)))
        for program, row in self.results.items():
            print("matrix:", program.ljust(first), *(row.get(case, "-").ljust(width) for case, width in zip(cases, widths)))
        print(flush=True)
