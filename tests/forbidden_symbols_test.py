#!/usr/bin/python3
"""The codec (dataplane/dns) and the network layer (dataplane/net) neither allocate, throw, lock nor print: their objects do not
even ask the linker for it (docs/architecture.md, "A question").

Usage: forbidden_symbols_test.py ARCHIVE...
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FORBIDDEN = re.compile(
    r"""^(?:
      (?:malloc|calloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|memalign|valloc|strdup|strndup)
    | _Zn[wa]\w* | _Zd[la]\w*                                    # operator new, new[], delete, delete[]
    | __cxa_(?:throw|rethrow|allocate_exception|throw_bad_array_new_length)
    | _ZSt\d+__throw_\w+                                         # std::__throw_length_error and its like
    | pthread_(?:mutex|rwlock|cond|spin)_\w+ | sem_\w+ | _ZNSt\d*(?:mutex|condition_variable)\w*
    | (?:__)?v?(?:f|s|sn|d|as)?printf(?:_chk)? | puts | putchar | fputs | fwrite | perror | syslog
    | _ZNSo\w* | _ZSt(?:4cout|4cerr|4clog|16__ostream_insert\w*)  # iostreams
    | (?:open|read|write|close|send|recv|sendto|recvfrom|sendmmsg|recvmmsg|poll|ioctl|usleep|nanosleep)(?:64)?
    )$""",
    re.X)


def undefined(archive):
    """(member, symbol) of all that the archive's objects want from elsewhere."""
    output = subprocess.run(["nm", "--undefined-only", "--print-file-name", "--format=posix", archive], check=True,
                            capture_output=True, text=True).stdout
    return [(line.split(": ")[0], line.split(": ")[1].split()[0]) for line in output.splitlines()]


def forbidden(archive):
    return [f"{member} needs {symbol}" for member, symbol in undefined(archive) if FORBIDDEN.match(symbol.split("@")[0])]


class Archives(unittest.TestCase):
    paths = []

    def test_the_objects_need_nothing_forbidden(self):
        self.assertTrue(self.paths, "no archive was named")
        for path in self.paths:
            with self.subTest(archive=path):
                members = subprocess.run(["ar", "t", path], check=True, capture_output=True, text=True).stdout.split()
                self.assertTrue(members, "no object in it")
                self.assertEqual(forbidden(path), [])


class Detection(unittest.TestCase):
    """Each line of code that is forbidden must be seen."""

    def check(self, code):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "a.cc", Path(folder) / "a.a"
            source.write_text(code)
            subprocess.run(["g++", "-std=c++20", "-O2", "-c", source, "-o", Path(folder) / "a.o"], check=True)
            subprocess.run(["ar", "rcs", target, Path(folder) / "a.o"], check=True)
            return forbidden(str(target))

    def test_pure_code_passes(self):
        self.assertEqual(self.check("#include <cstring>\nvoid F(char* a, const char* b, size_t n) { std::memcpy(a, b, n); }"), [])

    def test_every_kind_is_seen(self):
        for code in (
            "#include <cstdlib>\nvoid* F() { return std::malloc(3); }",
            "int* F() { return new int[8]; }",
            "void F(int* p) { delete p; }",
            "void F() { throw 1; }",
            "#include <vector>\nvoid F(std::vector<int>& v) { v.push_back(1); }",
            "#include <string>\nvoid F(std::string& s) { s.append(9, 'x'); }",
            "#include <mutex>\nvoid F(std::mutex& m) { m.lock(); }",
            "#include <cstdio>\nvoid F(int i) { std::printf(\"%d\", i); }",
            "#include <cstdio>\nint F(char* p, int i) { return std::snprintf(p, 9, \"%d\", i); }",
            "#include <iostream>\nvoid F(int i) { std::cout << i; }",
            "#include <unistd.h>\nvoid F() { (void)!write(1, \"\", 0); }",
        ):
            with self.subTest(code=code):
                self.assertNotEqual(self.check(code), [])


if __name__ == "__main__":
    Archives.paths = sys.argv[1:]
    unittest.main(verbosity=2, argv=sys.argv[:1])
