#!/usr/bin/python3
"""Fuzzes every target of tests/fuzz with libFuzzer, AddressSanitizer and UBSan, for a given time each.

What a run finds that covers new code is added to the target's corpus when --keep is given, else thrown away. An input that
crashes is left in build-fuzz/crashes, and the exit code is 1.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-fuzz"
FLAGS = "-fno-sanitize-recover=all -fsanitize=fuzzer-no-link"
OPTIONS = ["-Dbuildtype=debugoptimized", "-Db_lundef=false", "-Db_ndebug=false", "-Db_sanitize=address,undefined", "-Dfuzz=true",
           "-Dtests=enabled", "-Dbenches=disabled", f"-Dcpp_args={FLAGS}"]


def fuzz(target, seconds, keep):
    name = target.name.removesuffix("_fuzz")
    corpus = ROOT / "tests/fuzz/corpus" / name
    crashes = BUILD / "crashes"
    crashes.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folders = [corpus] if keep else [scratch, corpus]  # libFuzzer writes to the first
        print(f"== {name}", flush=True)
        return subprocess.run([target, f"-max_total_time={seconds}", "-timeout=10", "-print_final_stats=1", "-verbosity=1",
                               f"-artifact_prefix={crashes}/{name}-", *folders], stdin=subprocess.DEVNULL).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--keep", action="store_true", help="add to the corpora what covers new code")
    parser.add_argument("targets", nargs="*", help="names; all without any")
    arguments = parser.parse_args()
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, *OPTIONS], cwd=ROOT, env=dict(os.environ, CXX="clang++-14"), check=True)
    sources = sorted((ROOT / "tests/fuzz").glob("*_fuzz.cc"))
    names = arguments.targets or [source.stem.removesuffix("_fuzz") for source in sources]
    subprocess.run(["ninja", "-C", BUILD, *(f"tests/fuzz/{name}_fuzz" for name in names)], check=True)
    failed = [name for name in names if not fuzz(BUILD / f"tests/fuzz/{name}_fuzz", arguments.seconds, arguments.keep)]
    print(f"{len(names)} targets fuzzed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
