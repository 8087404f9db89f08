#!/usr/bin/env python3
"""The command line's tests: every folder below tests/cli/cases is one.

    cmd          shell text, run by bash in an empty folder that holds a copy of in/, with busbar and programs/ on the PATH
    in/          input files, may be missing
    exit         the exit code that is wanted; 0 if the file is missing
    stdout       the wanted output, byte for byte   | or stdout.glob, stderr.glob: line by line, where * stands for any
    stderr       the same for the errors            | text within a line and a line of ... for any number of lines
                 neither file: nothing may be printed

usage: run.py [BUSBAR] [--only PART-OF-A-NAME] [--show]      BUSBAR: $BUSBAR or build/busbar
--show prints what each case printed, for writing expectations. Ends with "N passed, N failed".
"""
import os
import re
import subprocess
import sys
import shutil
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = os.path.join(HERE, "cases")
TREE = os.path.dirname(os.path.dirname(HERE))


def line_matches(pattern, line):
    regex = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(regex, line, re.DOTALL) is not None


def lines_match(patterns, lines):
    """Whether the lines follow the patterns; a pattern ... takes any number of lines."""
    reachable = {0}  # how many lines the patterns so far may have taken
    for pattern in patterns:
        if pattern == "...":
            reachable = set(range(min(reachable), len(lines) + 1)) if reachable else set()
        else:
            reachable = {n + 1 for n in reachable if n < len(lines) and line_matches(pattern, lines[n])}
    return len(lines) in reachable


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
        return f.read()


def check_output(folder, name, got):
    exact, glob = os.path.join(folder, name), os.path.join(folder, name + ".glob")
    if os.path.exists(exact):
        want = read(exact)
        return [] if want == got else [f"{name} is not as wanted"]
    if os.path.exists(glob):
        patterns = read(glob).split("\n")
        return [] if lines_match(patterns, got.split("\n")) else [f"{name} does not match {name}.glob"]
    return [] if got == "" else [f"{name} should be empty"]


def run_case(folder, binary, show):
    scratch = tempfile.mkdtemp(prefix="busbar-cli-")
    try:
        work, path = os.path.join(scratch, "work"), os.path.join(scratch, "bin")
        given = os.path.join(folder, "in")
        if os.path.isdir(given):
            shutil.copytree(given, work)
        else:
            os.mkdir(work)
        os.mkdir(path)
        os.symlink(binary, os.path.join(path, "busbar"))
        env = dict(os.environ, PATH=os.pathsep.join([path, os.path.join(HERE, "programs"), os.environ["PATH"]]), LC_ALL="C.UTF-8", TERM="dumb")
        env.pop("BASH_ENV", None)
        try:
            # Nothing of this machine's terminal: input and output are files or pipes.
            done = subprocess.run(["bash", os.path.join(folder, "cmd")], cwd=work, env=env, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=120)
        except subprocess.TimeoutExpired:
            return ["takes longer than 120 s"]
        out = done.stdout.decode("utf-8", "surrogateescape")
        err = done.stderr.decode("utf-8", "surrogateescape")
        want_path = os.path.join(folder, "exit")
        want = int(read(want_path)) if os.path.exists(want_path) else 0
        problems = [] if done.returncode == want else [f"exit code {done.returncode} instead of {want}"]
        problems += check_output(folder, "stdout", out)
        problems += check_output(folder, "stderr", err)
        if problems or show:
            for name, text in (("stdout", out), ("stderr", err)):
                if text:
                    problems.append(f"its {name}:\n" + "\n".join("    | " + line for line in text.split("\n")[:60]))
        return problems if not show else [f"exit code {done.returncode}"] + problems
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_runner():
    """The comparison itself can fail: proved before it is trusted."""
    assert lines_match(["a*c", "..."], ["abc", "x", "y"]) and lines_match(["...", "b"], ["b"])
    assert not lines_match(["a*c"], ["abd"]) and not lines_match(["a"], ["a", "b"]) and not lines_match(["a", "b"], ["a"])
    assert not lines_match(["[a]"], ["a"]) and not lines_match([""], ["x"])


def main():
    arguments, only, show, binary = sys.argv[1:], "", False, os.environ.get("BUSBAR", os.path.join(TREE, "build", "busbar"))
    while arguments:
        argument = arguments.pop(0)
        if argument == "--only":
            only = arguments.pop(0)
        elif argument == "--show":
            show = True
        else:
            binary = argument
    binary = os.path.abspath(binary)
    if not os.access(binary, os.X_OK):
        sys.exit(f"{binary} is not there; build first, or give its path")
    check_runner()
    passed = failed = 0
    for name in sorted(os.listdir(CASES)):
        folder = os.path.join(CASES, name)
        if only not in name or not os.path.exists(os.path.join(folder, "cmd")):
            continue
        problems = run_case(folder, binary, show)
        if show:
            print(f"{name}:", *problems, sep="\n  ")
        elif problems:
            print(f"FAILED {name}:", *problems, sep="\n  ")
        passed, failed = passed + (not problems), failed + bool(problems)
    if not only:
        pages = subprocess.run([os.path.join(TREE, "scripts", "check_help.sh"), binary], capture_output=True, text=True)
        if pages.returncode != 0:
            print("FAILED docs are what the program says:\n" + pages.stdout + pages.stderr)
        passed, failed = passed + (pages.returncode == 0), failed + (pages.returncode != 0)
    if show:
        return 0
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
