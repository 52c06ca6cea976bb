#!/usr/bin/python3
"""Checks every include of the tree against who may know whom (docs/architecture.md, "Where things live"), and the
limits on file length.

A file belongs to the longest entry of LAYERS that its path starts with. An include is allowed when the rule of that layer names
the included layer or the very header.
"""

import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Layer -> what it may include besides its own. dataplane's own files (zone, responder, worker, stats) are one layer.
LAYERS = {
    "tables": set(),
    "loaders": {"tables"},
    # vectors.h is what compilers lack, the same on every processor.
    "dataplane/dns": {"tables/vectors.h"},
    "dataplane/net": {"tables/vectors.h"},
    "dataplane/io": {"dataplane/net", "tables/result.h", "tables/vectors.h", "dataplane/stats.h"},
    # checksum.h is arithmetic: the responder says what its answer changed in the sum, so that io need not read it again.
    "dataplane": {"dataplane/dns", "dataplane/io/packet_io.h", "dataplane/net/checksum.h", "tables"},
    "cli": {"tables", "loaders", "dataplane", "dataplane/dns", "dataplane/net", "dataplane/io"},
    "tests": {"tables", "loaders", "dataplane", "dataplane/dns", "dataplane/net", "dataplane/io", "cli", "bench"},
    "bench": {"tests", "tables", "loaders", "dataplane", "dataplane/dns", "dataplane/net", "dataplane/io", "cli"},
}

# Library header -> the only files that include it. Binds everything but bench and tests.
ONLY = [
    (re.compile(r"xxh(ash|3)?\w*\.h$"), re.compile(r"tables/hash\.cc$")),
    (re.compile(r"urcu"), re.compile(r"tables/rcu\.h$")),
    (re.compile(r"(^|/)(rte_\w+|bus_\w+_driver)\.h$"), re.compile(r"dataplane/io/dpdk_io\w*\.(cc|h)$")),
    (re.compile(r"^boost/"), re.compile(r"cli/options\w*\.(cc|h)$")),
    (re.compile(r"^toml"), re.compile(r"cli/config\w*\.(cc|h)$")),
    (re.compile(r"^png\.h$"), re.compile(r"loaders/png_file\.cc$")),
    (re.compile(r"^ft2build"), re.compile(r"cli/heat/font\.cc$")),
    (re.compile(r"^idn2\.h$"), re.compile(r"loaders/name_text\.cc$")),
    (re.compile(r"^openssl/"), re.compile(r"cli/grey_name\.cc$")),
    (re.compile(r"^db\.h$"), re.compile(r"cli/berkeley_files\.cc$")),
    (re.compile(r"^sqlite3\.h$"), re.compile(r"cli/sqlite_file\.cc$")),
    (re.compile(r"^re2/"), re.compile(r"cli/policy/patterns\.cc$")),
    (re.compile(r"^(seccomp|linux/landlock)\.h$"), re.compile(r"cli/policy/sandbox\.cc$")),
]
FREE = ("tests", "bench")

MAX_LINES = {".cc": 400, ".h": 200}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)


def layer_of(path):
    fitting = [layer for layer in LAYERS if path.startswith(layer + "/")]
    return max(fitting, key=len, default=None)


def sources(root):
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "build")):
            for path in sorted(folder.rglob("*")):
                if path.suffix in MAX_LINES and path.is_file():
                    yield path.relative_to(root).as_posix(), path.read_text()


def violations(root):
    """One line for each broken rule of the tree below root, and the number of includes that were looked at."""
    found, looked_at = [], 0
    for path, text in sources(root):
        layer = layer_of(path)
        lines = text.count("\n")
        limit = MAX_LINES[Path(path).suffix]
        if lines >= limit:
            found.append(f"{path}: {lines} lines, fewer than {limit} are allowed")
        if layer is None:
            found.append(f"{path}: stands in no layer")
            continue
        for match in INCLUDE.finditer(text):
            looked_at += 1
            place = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
            quoted, angled = match.groups()
            if quoted is not None:
                found += [f"{place}: {what}" for what in bad_include(root, layer, quoted)]
            if layer not in FREE:
                for header, allowed in ONLY:
                    if header.search(quoted or angled) and not allowed.search(path):
                        found.append(f"{place}: only {allowed.pattern} includes <{quoted or angled}>")
    return found, looked_at


def bad_include(root, layer, header):
    if not (root / header).is_file():
        return [f'"{header}" is not rooted at the repository']
    target = layer_of(header)
    if target == layer or target in LAYERS[layer] or header in LAYERS[layer]:
        return []
    return [f'{layer} may not know "{header}"']


class Tree(unittest.TestCase):
    def test_every_include_obeys_the_layers(self):
        found, looked_at = violations(ROOT)
        self.assertGreater(looked_at, 100, "the includes were not found")
        self.assertEqual(found, [], "\n" + "\n".join(found))


class Rules(unittest.TestCase):
    """The check must see a violation: made-up trees, one wrong line each."""

    SOUND = {
        "tables/result.h": "#pragma once\n",
        "tables/hash.h": "#pragma once\n",
        "tables/hash.cc": '#include "tables/hash.h"\n#include <xxhash.h>\n',
        "tables/rcu.h": "#include <urcu-qsbr.h>\n",
        "loaders/feed.cc": '#include "tables/result.h"\n',
        "dataplane/dns/query.h": "#include <span>\n",
        "dataplane/net/checksum.h": "#pragma once\n",
        "dataplane/net/frame.h": '#include "dataplane/net/checksum.h"\n',
        "dataplane/stats.h": "#pragma once\n",
        "dataplane/io/packet_io.h": "#pragma once\n",
        "dataplane/io/socket_io.h": '#include "dataplane/io/packet_io.h"\n',
        "dataplane/io/dpdk_io.cc": '#include <rte_mbuf.h>\n#include "tables/result.h"\n#include "dataplane/stats.h"\n',
        "dataplane/responder.cc": '#include "dataplane/net/checksum.h"\n#include "dataplane/io/packet_io.h"\n'
                                  '#include "dataplane/dns/query.h"\n#include "tables/hash.h"\n',
        "cli/options.cc": "#include <boost/program_options.hpp>\n",
        "cli/config.cc": '#include <toml++/toml.h>\n#include "loaders/feed.h"\n',
        "loaders/feed.h": '#pragma once\n',
        "tests/some_test.cc": '#include <rte_hash.h>\n#include "cli/config.h"\n',
        "cli/config.h": "#pragma once\n",
        "bench/some_bench.cc": '#include <urcu/rculfhash.h>\n',
    }

    def found_in(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**self.SOUND, **changes}.items():
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return violations(Path(folder))[0]

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.found_in({}), [])

    def test_a_wrong_include_is_found(self):
        wrong = {
            "tables/ip4_table.cc": '#include "dataplane/stats.h"\n',
            "tables/acl.h": '#include "loaders/feed.h"\n',
            "loaders/reloader.cc": '#include "dataplane/stats.h"\n',
            "dataplane/dns/answer.cc": '#include "tables/result.h"\n',
            "dataplane/net/udp.cc": '#include "dataplane/stats.h"\n',
            "dataplane/io/memory_io.cc": '#include "tables/hash.h"\n',
            "dataplane/io/replay.cc": '#include "dataplane/dns/query.h"\n',
            "dataplane/zone.cc": '#include "dataplane/net/frame.h"\n',
            "dataplane/worker.cc": '#include "dataplane/io/socket_io.h"\n',
            "dataplane/zone_rep.h": '#include "loaders/feed.h"\n',
            "loaders/format.cc": '#include "cli/config.h"\n',
            "dataplane/dns/name.cc": '#include "query.h"\n',
            "cli/main.cc": '#  include "tests/helper.h"\n',
        }
        for path, text in wrong.items():
            with self.subTest(path=path):
                self.assertEqual([line.split(":")[0] for line in self.found_in({path: text})], [path])

    def test_a_library_header_in_another_file_is_found(self):
        wrong = {
            "tables/ip4_table.cc": "xxhash.h",
            "dataplane/worker.cc": "urcu/urcu-qsbr.h",
            "dataplane/io/socket_io.cc": "rte_ether.h",
            "cli/rblitz.cc": "boost/program_options.hpp",
            "loaders/feed2.cc": "toml++/toml.h",
            "cli/grey_rows.cc": "openssl/evp.h",
            "cli/foreign_postgrey.cc": "db.h",
            "cli/foreign_sqlgrey.cc": "sqlite3.h",
            "loaders/heat_picture.cc": "png.h",
        }
        for path, header in wrong.items():
            with self.subTest(path=path):
                self.assertEqual([line.split(":")[0] for line in self.found_in({path: f"#include <{header}>\n"})], [path])

    def test_a_file_that_is_too_long_is_found(self):
        self.assertEqual(len(self.found_in({"tables/long.cc": "\n" * 400})), 1)
        self.assertEqual(len(self.found_in({"tables/long.h": "\n" * 200})), 1)
        self.assertEqual(self.found_in({"tables/short.cc": "\n" * 399, "tables/short.h": "\n" * 199}), [])

    def test_a_file_in_no_layer_is_found(self):
        self.assertEqual(self.found_in({"common/utils.h": ""}), ["common/utils.h: stands in no layer"])


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
