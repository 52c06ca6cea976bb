"""clang-tidy on the translation units of a build, each as long as nothing that it reads has changed since it was found good.

What was found good is remembered as ccache remembers objects: in $XDG_CACHE_HOME/rblitz-tidy, an empty file named by a hash of
clang-tidy's version and arguments, .clang-tidy, the compile command, and all that the translation unit includes: our files by
their contents, the system's by path, size and time. Nothing is remembered of a file with complaints. RBLITZ_TIDY_CACHE=no looks
at all of them.
"""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JOBS = os.cpu_count() or 1
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rblitz-tidy"
KEPT_SECONDS = 30 * 86400
# The compile commands are GCC's: options that only one of the two knows.
COMMAND = ["clang-tidy-14", "-p", "build", "--quiet", "--extra-arg=-Wno-unknown-warning-option",
           "--extra-arg=-Wno-bitwise-instead-of-logical"]


def included(entry):
    """Every file that the translation unit reads, its own included; None where clang cannot tell."""
    words = shlex.split(entry["command"])
    compiler = next(i for i, word in enumerate(words) if word.endswith("++"))
    kept, skips = [], False
    for word in words[compiler + 1:]:
        if skips or word in ("-o", "-MF", "-MQ"):
            skips = not skips
        elif word not in ("-MD", "-c"):
            kept.append(word)
    done = subprocess.run(["clang++-14", *kept, "-M", "-w", "-Wno-error"], cwd=entry["directory"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        return None
    names = done.stdout.replace("\\\n", " ").split()[1:]
    return sorted({os.path.realpath(os.path.join(entry["directory"], name)) for name in names})


def key(entry, command, version):
    """None: it is to be looked at, and not to be remembered."""
    files = included(entry)
    if files is None:
        return None
    seen = hashlib.sha256(repr([version, command, entry["command"], (ROOT / ".clang-tidy").read_text()]).encode())
    for file in files:
        if file.startswith(f"{ROOT}/"):
            seen.update(repr((os.path.relpath(file, ROOT), Path(file).read_bytes())).encode())
        else:
            found = os.stat(file)
            seen.update(repr((file, found.st_size, found.st_mtime_ns)).encode())
    return seen.hexdigest()


def forget_old(now):
    for stamp in CACHE.iterdir():
        if now - stamp.stat().st_mtime > KEPT_SECONDS:
            stamp.unlink(missing_ok=True)


def clang_tidy(folders, checks=None):
    """On every translation unit in these folders that the release build compiles; headers are seen through them. `checks` is
    added to those of .clang-tidy. Whether all are good; complaints are printed."""
    entries = {}
    for entry in json.loads((ROOT / "build/compile_commands.json").read_text()):
        entries[os.path.relpath((Path(entry["directory"]) / entry["file"]).resolve(), ROOT)] = entry
    ours = sorted(file for file in entries if file.startswith(folders))
    if not ours:
        print("clang-tidy: no file to look at")
        return False
    command = [*COMMAND, *([f"--checks={checks}"] if checks else [])]
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True).stdout
    remembers = os.environ.get("RBLITZ_TIDY_CACHE") != "no"
    if remembers:
        CACHE.mkdir(parents=True, exist_ok=True)

    def check(file):
        name = key(entries[file], command, version) if remembers else None
        stamp = CACHE / name if name else None
        if stamp and stamp.exists():
            stamp.touch()
            return True, True, ""
        done = subprocess.run([*command, file], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        good = done.returncode == 0
        if good and not done.stdout.strip() and stamp:
            stamp.touch()
        return good, False, done.stdout

    print("+", " ".join(command), f"({len(ours)} files)", flush=True)
    all_good, known = True, 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for good, was_known, output in pool.map(check, ours):
            print(output, end="")
            all_good = all_good and good
            known += was_known
    if remembers:
        forget_old(time.time())
        print(f"clang-tidy: {known} of {len(ours)} files were found good before")
    return all_good
