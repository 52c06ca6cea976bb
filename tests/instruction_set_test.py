#!/usr/bin/python3
"""The programs run on any x86-64-v2: no object holds instructions of a later level, but for kernels of their own (*_avx2.cc and
their like), which are called only where the processor has them. Such a kernel defines nothing that the linker might take in place
of the same function from elsewhere.

Usage: instruction_set_test.py ARCHIVE...
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# What x86-64-v3 and later add: AVX and its successors begin with v; the others by name. Not tzcnt: compilers write it for bsf, as
# which older processors run it.
LATER = re.compile(r"""^(?:
      v(?!err$|erw$|m(?:call|launch|resume|xo))[a-z0-9]+ | k(?:mov|or|and|not|xor|shift|add|unpck|test)\w*
    | andn | bextr | bls(?:i|msk|r) | bzhi | mulx | pdep | pext | rorx | sarx | shlx | shrx | lzcnt | movbe
    )$""", re.X)
KERNEL = re.compile(r"_(?:avx\w*|neon)\.cc\.o$")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\t(?:(?:lock|rep\w*|notrack|bnd|data16|cs|ds|[es]s)\s+)*([a-z]\w*)")


def members(archive):
    """(name, disassembly) of every object of an archive."""
    output = subprocess.run(["objdump", "--disassemble", "--no-show-raw-insn", archive], check=True, capture_output=True,
                            text=True).stdout
    parts = re.split(r"^(\S+):\s+file format .*$", output, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def later_instructions(text):
    """Mnemonics of later levels in a disassembly."""
    return sorted({m[1] for m in map(INSTRUCTION.match, text.splitlines()) if m and LATER.match(m[1])})


def weak_definitions(archive):
    """(member, function) that the linker may choose among several of the same name."""
    output = subprocess.run(["nm", "--defined-only", "--print-file-name", "--format=posix", archive], check=True,
                            capture_output=True, text=True).stdout
    rows = (line.rsplit(": ", 1) for line in output.splitlines())
    return [(member, rest.split()[0]) for member, rest in rows if rest.split()[1] == "W"]


class Programs(unittest.TestCase):
    paths = []

    def test_only_kernels_need_more_than_x86_64_v2(self):
        kernels = 0
        for path in self.paths:
            with self.subTest(file=path):
                objects = members(path)
                self.assertTrue(objects, "nothing to look at")
                for name, text in objects:
                    later = later_instructions(text)
                    if KERNEL.search(name):
                        kernels += 1
                        self.assertNotEqual(later, [], f"{name}: a kernel without an instruction of its own")
                    else:
                        self.assertEqual(later, [], name)
        self.assertGreater(kernels, 0, "no kernel was found")

    def test_kernels_define_nothing_that_others_might_be_linked_to(self):
        for path in self.paths:
            for member, function in weak_definitions(path):
                self.assertNotRegex(member.rstrip("]"), KERNEL, function)


class Detection(unittest.TestCase):
    """Code of a later level must be seen, and that of x86-64-v2 must not."""

    def later_in(self, code, *flags):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "a.cc", Path(folder) / "a.o"
            source.write_text(code)
            subprocess.run(["g++", "-O2", *flags, "-c", source, "-o", target], check=True)
            return [later_instructions(text) for _, text in members(target)][0]

    def test_later_levels_are_seen(self):
        for code, flags in (
            ("float F(float a, float b) { return a * b; }", ["-mavx"]),
            ("void F(int* a) { for (int i = 0; i < 64; ++i) a[i] += i; }", ["-O3", "-mavx2"]),
            ("unsigned F(unsigned a, int b) { return a << b; }", ["-mbmi2"]),
            ("unsigned F(unsigned a, unsigned b) { return a & ~b; }", ["-mbmi"]),
            ("int F(unsigned a) { return __builtin_clz(a); }", ["-mlzcnt"]),
            ("unsigned F(unsigned* a) { return __builtin_bswap32(*a); }", ["-mmovbe"]),
            ("void F(double* a) { for (int i = 0; i < 64; ++i) a[i] = a[i] > 1 ? 0 : 2; }", ["-O3", "-mavx512f"]),
        ):
            with self.subTest(flags=flags):
                self.assertNotEqual(self.later_in(code, *flags), [])

    def test_x86_64_v2_passes(self):
        code = """#include <immintrin.h>
        void F(int* a) { for (int i = 0; i < 64; ++i) a[i] *= i; }
        __m128i G(__m128i a, __m128i b) { return _mm_shuffle_epi8(a, b); }
        int H(unsigned a) { return __builtin_popcount(a) + __builtin_ctz(a) + __builtin_clz(a); }"""
        self.assertEqual(self.later_in(code, "-O3", "-march=x86-64-v2"), [])


if __name__ == "__main__":
    Programs.paths = sys.argv[1:]
    unittest.main(verbosity=2, argv=sys.argv[:1])
