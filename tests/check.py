#!/usr/bin/python3
"""Runs everything that `make check` promises and ends with "N passed, N failed, N skipped".

A stage is a build folder with its tests, or the linters. What is counted are test cases: those of GoogleTest and of Python's
unittest as they report them; any other test program counts as one. A case may be skipped only with a reason, which is
printed; without one it counts as failed. No case at all is a failure too.
"""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
from clang_tidy import clang_tidy  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
JOBS = os.cpu_count() or 1
PRODUCT = ("cli/", "dataplane/", "loaders/", "tables/")
PROVING = ("bench/", "tests/")


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    reasons: list = field(default_factory=list)
    matrix: list = field(default_factory=list)

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.reasons += other.reasons
        self.matrix += other.matrix
        return self


def skip_reasons(output):
    """(case, reason) of every skipped case in the output of GoogleTest or of unittest -v."""
    found = re.findall(r": Skipped\n((?:(?!\[  SKIPPED).*\n)*)\[  SKIPPED \] (\S+) \(", output)
    reasons = [(case, " ".join(text.split())) for text, case in found]
    reasons += re.findall(r"^(\S+) \(.*\)(?:\n.*)? \.\.\. skipped ['\"](.*)['\"]$", output, re.M)
    return reasons


def tally(test):
    """What one line of meson's testlog.json amounts to."""
    output = test.get("stdout", "") + "\n" + test.get("stderr", "")
    name, result = test["name"], test["result"]
    numbers = lambda pattern: sum(map(int, re.findall(pattern, output, re.M)))
    one = Tally()
    if re.search(r"^\[==========\] .* ran\.", output, re.M):
        one.passed = numbers(r"^\[  PASSED  \] (\d+) tests?\.")
        one.skipped = numbers(r"^\[  SKIPPED \] (\d+) tests?, listed below:")
        one.failed = numbers(r"^\[  FAILED  \] (\d+) tests?, listed below:")
    elif re.search(r"^Ran \d+ tests? in ", output, re.M):
        one.skipped = numbers(r"skipped=(\d+)")
        one.failed = numbers(r"^FAILED \(.*?failures=(\d+)") + numbers(r"^FAILED \(.*?errors=(\d+)")
        # A case that fails in several of its parts is told as often.
        one.passed = max(0, numbers(r"^Ran (\d+) tests? in ") - one.skipped - one.failed)
    elif result == "SKIP":
        one.skipped = 1
    elif result == "OK":
        one.passed = 1
    if result not in ("OK", "SKIP") and one.failed == 0:
        one.failed = 1
    if one.failed:
        one.failures.append(f"{name} ({result.lower()})")
    if one.skipped:
        reasons = skip_reasons(output)
        if not reasons and result == "SKIP":
            reasons = [(name, line) for line in output.strip().splitlines()[-1:]]
        one.reasons += [f"{name}: {case}: {reason}" for case, reason in reasons if reason]
        unexplained = one.skipped - len(one.reasons)
        if unexplained > 0:
            one.skipped -= unexplained
            one.failed += unexplained
            one.failures.append(f"{name} ({unexplained} skipped without a reason)")
    return one


def matrix(test):
    """What make check shows of a test that passed too: the lines that it printed as `matrix:`, and the cases of whole programs."""
    output = test.get("stdout", "") + "\n" + test.get("stderr", "")
    lines = [line.rstrip() for line in re.findall(r"^matrix: (.*)$", output, re.M)]
    if "e2e / " in test["name"]:
        cases = re.findall(r"^test_(\w+) \(.*\)(?:\n.*)? \.\.\. (ok|FAIL|ERROR|skipped)", output, re.M)
        lines += [f"{result:7} {case.replace('_', ' ')}" for case, result in cases]
    return [f"-- {test['name'].removeprefix('rblitz:').removeprefix('rblitz / ')}", *lines] if lines else []


def run(command, **options):
    print("+", " ".join(map(str, command)), flush=True)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, **options).returncode


def step(name, succeeded):
    return Tally(passed=1) if succeeded else Tally(failed=1, failures=[name])


def configured(folder, options):
    """Whether the build folder has these options already: configuring again costs seconds."""
    try:
        info = json.loads((ROOT / folder / "meson-info/intro-buildoptions.json").read_text())
    except OSError:
        return False
    now = {option["name"]: option["value"] for option in info}
    same = lambda value: str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, list) else value
    return all(same(now.get(name)) == value for name, value in options.items())


def configure(folder, options, compiler=None, cross=None):
    if configured(folder, options):
        return True
    arguments = [f"-D{name}={value}" for name, value in options.items()]
    fresh = not (ROOT / folder / "build.ninja").exists()
    environment = dict(os.environ, CXX=compiler) if compiler else None
    command = ["meson", "setup"] if fresh else ["meson", "setup", "--reconfigure"]
    if fresh and cross:
        command += ["--cross-file", cross]
    return run([*command, folder, *arguments], env=environment) == 0


def build(folder, options, compiler=None, targets=(), cross=None):
    return configure(folder, options, compiler, cross) and run(["ninja", "-C", folder, *targets]) == 0


def test(folder, selection):
    log = ROOT / folder / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    # Limits end what hangs; a machine may be three times as slow as the one that they were chosen on.
    run(["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--timeout-multiplier", "3", "--num-processes", str(JOBS), *selection])
    total = Tally()
    if log.exists():
        for line in log.read_text().splitlines():
            result = json.loads(line)
            total += tally(result)
            total.matrix += matrix(result)
    return total


# Without precompiled headers, so that every source includes what it uses.
RELEASE = {"b_pch": "false", "benches": "enabled", "tests": "enabled"}
# Less optimized than what is released, and with precompiled headers: compiling is most of what a stage takes.
SANITIZED = {"optimization": "1", "b_pch": "true", "b_lundef": "false", "b_ndebug": "false", "benches": "disabled", "tests": "enabled"}
ASAN = SANITIZED | {"b_sanitize": "address,undefined", "cpp_args": "-fno-sanitize-recover=all", "benches": "enabled"}
# As it is released, by the other compiler.
CLANG = RELEASE | {"b_pch": "true"}
TSAN = SANITIZED | {"b_sanitize": "thread"}
# What needs no library, cross-compiled for a processor that has none of the kernels.
ARM64 = {"optimization": "1", "debug": "false", "b_pch": "true", "pure": "true"}


def build_release():
    return step("build", build("build", RELEASE))


def build_bench():
    """What bench/run runs."""
    return step("build", build("build", RELEASE, targets=["rblitzd", "rblitz", "rblitz-policyd", "rblitz-blast", "bench", "tests/check_client", "tests/grey_fill"]))


def test_release():
    total = test("build", ["--no-suite", "hot"])
    print(*total.matrix, sep="\n")
    return total


def build_asan():
    """clang, so that every commit compiles with both compilers, benchmarks too."""
    return step("build-asan", build("build-asan", ASAN, compiler="clang++-14"))


def test_asan():
    return test("build-asan", ["--no-suite", "e2e", "--no-suite", "tree", "--no-suite", "stress", "--no-suite", "hot"])


def build_clang():
    """What answers questions: the rest compiles with clang for the sanitizers."""
    return step("build-clang", build("build-clang", CLANG, compiler="clang++-14", targets=["hot"]))


def test_clang():
    return test("build-clang", ["dns", "net", "hot path"])


def build_tsan():
    return step("build-tsan", build("build-tsan", TSAN, compiler="clang++-14", targets=["stress"]))


def test_tsan():
    return test("build-tsan", ["--suite", "stress"])


def build_arm64(targets=("quick",)):
    return step("build-arm64", build("build-arm64", ARM64, targets=targets, cross="tests/cross/aarch64.ini"))


def test_arm64():
    return test("build-arm64", ["--suite", "quick"])


def build_arm64_all():
    """Every test of these layers: minutes under an emulator, so not a part of make check."""
    return build_arm64(targets=())


def test_arm64_all():
    return test("build-arm64", [])


def sources(*endings):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    return sorted(f for f in listed.split("\0") if f.endswith(endings) and (ROOT / f).exists())


def is_python(path):
    if path.suffix == ".py":
        return True
    if path.suffix or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().startswith(b"#!/usr/bin/python3")


def python_compiles():
    good = True
    for path in (ROOT / f for f in sources("")):
        if is_python(path):
            try:
                compile(path.read_bytes(), str(path), "exec")
            except SyntaxError as error:
                print(f"{path.relative_to(ROOT)}:{error.lineno}: {error.msg}")
                good = False
    return good


def clang_format():
    good = True
    for file in sources(".cc", ".h"):
        done = subprocess.run(["clang-format-14", file], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0 or done.stdout != (ROOT / file).read_text():
            print(f"{file}: not as clang-format-14 would write it (make format)")
            good = False
    return good


# What .clang-tidy has and a compiler's warnings do not tell: a third less time than all of it.
QUICK_CHECKS = ("-*,bugprone-use-after-move,google-explicit-constructor,misc-unused-using-decls,modernize-use-emplace,"
                "modernize-use-override,performance-*,-performance-inefficient-string-concatenation,-performance-no-int-to-ptr,"
                "readability-container-size-empty,readability-duplicate-include,readability-identifier-naming")


def lint():
    if not configure("build", RELEASE):
        return step("lint: configure", False)
    total = step("clang-format", clang_format())
    total += step("python syntax", python_compiles())
    total += step("clang-tidy", clang_tidy(PRODUCT, QUICK_CHECKS))
    return total


def lint_tests():
    """Tests and benchmarks too, all checks, and the analyzer: minutes each, so not a part of make check."""
    if not configure("build", RELEASE):
        return step("lint-tests: configure", False)
    return step("clang-tidy, all checks", clang_tidy(PRODUCT + PROVING))


# What a stage compiles or reads, and what it runs once that has succeeded.
STAGES = {"release": (build_release, test_release), "bench": (build_bench, None), "asan": (build_asan, test_asan),
          "clang": (build_clang, test_clang), "tsan": (build_tsan, test_tsan), "arm64": (build_arm64, test_arm64), "arm64-all": (build_arm64_all, test_arm64_all),
          "lint": (lint, None), "lint-tests": (lint_tests, None)}


def make_idle():
    """This thread, and all that it starts, gets what processors others leave (sched(7))."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def stages(names, build_only):
    """(name, what it came to) of each stage in turn. End-to-end tests mostly wait: while those of the first stage do, what later
    stages compile is compiled with what they leave of the machine."""
    idle = concurrent.futures.ThreadPoolExecutor(1, initializer=make_idle)
    ahead = {}
    try:
        for name in names:
            compiles, runs = STAGES[name]
            total = ahead[name].result() if name in ahead else compiles()
            if not ahead and not build_only and not total.failed:
                ahead = {later: idle.submit(STAGES[later][0]) for later in names if later != name}
            if runs and not total.failed and not build_only:
                total = runs()  # That it was built counts only where nothing else does.
            yield name, total
    finally:
        idle.shutdown(cancel_futures=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="+", choices=STAGES, help="what to do, in this order")
    parser.add_argument("--build-only", action="store_true", help="build and test nothing")
    arguments = parser.parse_args()

    total = Tally()
    started = time.monotonic()
    for name, one in stages(arguments.stages, arguments.build_only):
        print(f"== {name}: {one.passed} passed, {one.failed} failed, {one.skipped} skipped"
              f" at {time.monotonic() - started:.0f} s", flush=True)
        total += one
    for reason in total.reasons:
        print("skipped:", reason)
    for failure in total.failures:
        print("failed:", failure)
    if total.passed + total.failed == 0:
        print("failed: no test was executed")
        total.failed = 1
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
