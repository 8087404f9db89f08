#!/usr/bin/env python3
"""Whenever a run ends, by SIGKILL, SIGTERM or SIGINT, the lake is exactly the old one or exactly the new one; verify passes; the next run
completes and leaves nothing behind. Two runs on one lake do not corrupt each other.

Killed while the files of one run get their names, the lake is between the two: every file is old or new, a list says which names are
still to be given, and the next run on the lake, whatever it converts, gives them before it does anything else.

A moment is a point in time, anywhere in the run or late in it, or a step of the end of a run: the list of names lies there, or so and so many
files have their new names.

TORTURE_KILLS: number of runs killed (160); some thousand for a night.
"""
import os
import shutil
import signal
import subprocess
import time

from stand import Stand, hidden_files, lake_files, lake_hashes, total_rows

KILLS = int(os.environ.get("TORTURE_KILLS", "160"))


class Killing:
    def __init__(self, stand):
        self.stand = stand
        g = stand.generate
        g("pjm.da_hrl_lmps", "first/pjm", "--nodes", "250", "--from", "2023-12-29", "--days", "6")
        g("miso.da_expost_lmp", "first/miso", "--nodes", "100", "--from", "2024-03-01", "--days", "2")
        g("pjm.da_hrl_lmps", "second/pjm", "--nodes", "250", "--from", "2023-12-31", "--days", "9", "--seed", "4", "--shuffle", "--duplicates", "1%")
        g("miso.da_expost_lmp", "second/miso", "--nodes", "200", "--from", "2024-03-02", "--days", "8", "--zip")
        g("caiso.dam_lmp_grp", "second/caiso", "--nodes", "100", "--from", "2024-03-09", "--days", "3", "--zip")
        self.old, self.new = stand.root / "old", stand.root / "new"
        ran = stand.convert(stand.root / "first", "-o", self.old)
        stand.check(ran.code == 0, "the old lake", ran.err)
        shutil.copytree(self.old, self.new)
        ran = stand.convert(stand.root / "second", "-o", self.new, "-m", "64M")
        stand.check(ran.code == 0, "the new lake", ran.err)
        self.seconds = min(self.seconds_of_one_run() for _ in range(3))
        self.old_hashes, self.new_hashes = lake_hashes(self.old), lake_hashes(self.new)
        stand.check(len([k for k in self.new_hashes if self.new_hashes[k] != self.old_hashes.get(k)]) >= 6, "the new lake differs in many files", str(self.new_hashes))
        stand.verify(self.new, "the new lake")
        self.states = {"old": 0, "new": 0, "neither": 0}

    def seconds_of_one_run(self):
        lake = self.fresh_lake()
        began = time.monotonic()
        self.start(lake, "-j", "2").communicate()
        return time.monotonic() - began

    def fresh_lake(self):
        lake = self.stand.fresh("lake")
        shutil.copytree(self.old, lake)
        return lake

    def start(self, lake, *options, source="second"):
        return subprocess.Popen([self.stand.busbar, "convert", self.stand.root / source, "-o", lake, "-m", "64M", "--quiet", *options], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def quick(self, *arguments):
        """As stand.run, without the launcher that measures."""
        return subprocess.run([self.stand.busbar, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.stand.root)

    def check_state(self, lake, name):
        got = lake_hashes(lake)
        state = "old" if got == self.old_hashes else "new" if got == self.new_hashes else "neither"
        self.states[state] = self.states.get(state, 0) + 1

        def which():
            return ", ".join(f"{k}: {'old' if v == self.old_hashes.get(k) else 'new' if v == self.new_hashes.get(k) else 'other'}" for k, v in sorted(got.items()))
        ok = state != "neither" or (lake / ".busbar.publishing").exists()
        broken = [k for k, v in got.items() if v not in (self.old_hashes.get(k), self.new_hashes.get(k))]
        verified = self.quick("verify", lake, "--quiet")
        if state == "neither" and ok:  # a run that has nothing to do completes it
            self.quick("convert", self.stand.root / "first", "-o", lake)
            ok = lake_hashes(lake) == self.new_hashes
        after = self.quick("convert", self.stand.root / "second", "-o", lake, "-m", "64M")
        done = lake_hashes(lake)
        return self.stand.check(ok and not broken and verified.returncode == 0 and after.returncode == 0 and done == self.new_hashes and hidden_files(lake) == [],
                                f"{name}: the {state} lake; verify passes; the next run completes",
                                lambda: f"files: {which()}\nverify: {verified.returncode} {verified.stdout} {verified.stderr}\nnext run: {after.returncode} {after.stderr[-500:]}\n"
                                        f"differs then: {[k for k in self.new_hashes if self.new_hashes[k] != done.get(k)]}\nleft: {hidden_files(lake)}")

    def sigkill_in_time(self, run, whole_run):
        delay = self.seconds * (self.stand.random.uniform(0, 1.1) if whole_run else self.stand.random.uniform(0.6, 1.1))
        time.sleep(delay)
        return f"after {delay * 1000:.0f} ms"

    def sigkill_at_a_name(self, run, lake):
        """The most dangerous moments: files have their new names, others do not yet."""
        names = [lake / name for name, digest in self.new_hashes.items() if digest != self.old_hashes.get(name)]
        before = {p: os.stat(p).st_ino if p.exists() else 0 for p in names}
        published, wanted = lake / ".busbar.publishing", self.stand.random.randint(0, len(names) - 1)

        def n_new():
            n = 0
            for p in names:
                try:
                    n += os.stat(p).st_ino != before[p]
                except FileNotFoundError:
                    pass
            return n
        while run.poll() is None and not published.exists() and n_new() == 0:
            pass
        while wanted and run.poll() is None and n_new() < wanted:
            pass
        return f"when {wanted} of {len(names)} names were given" if wanted else "when it said which names it gives"

    def sigkill_at_random(self):
        rng = self.stand.random
        left = killed = runs = 0
        while killed < KILLS and runs < 2 * KILLS:
            lake = self.fresh_lake()
            threads = rng.choice("124")
            run = self.start(lake, "-j", threads)
            moment = self.sigkill_at_a_name(run, lake) if runs % 2 else self.sigkill_in_time(run, runs % 4)
            runs += 1
            run.kill()
            run.communicate()
            killed += run.returncode == -signal.SIGKILL
            left += bool(hidden_files(lake))
            self.check_state(lake, f"killed {moment}, {threads} threads")
        self.stand.check(killed == KILLS, f"{killed} of {runs} runs were killed by SIGKILL, the others were done: {self.states}; "
                         f"{left} left files for the next run to complete or remove")
        self.stand.check(KILLS < 40 or self.states["neither"] >= KILLS // 20, f"of these, {self.states['neither']} while files got their names")

    def polite_signals(self):
        rng = self.stand.random
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            ends = {}
            for _ in range(8):
                lake = self.fresh_lake()
                run = self.start(lake, "-j", "2")
                time.sleep(self.seconds * rng.uniform(0.05, 1.0))
                run.send_signal(number)
                began = time.monotonic()
                _, err = run.communicate()
                waited = time.monotonic() - began
                got = lake_hashes(lake)
                ends[run.returncode] = ends.get(run.returncode, 0) + 1
                # A signal before the handlers are there ends the process as such.
                fine = (run.returncode in (128 + number, -number) and got == self.old_hashes) or (run.returncode == 0 and got == self.new_hashes)
                if not self.stand.check(fine and waited < 5 and (run.returncode == -number or hidden_files(lake) == []), f"{number.name}: ends with {run.returncode} after {waited * 1000:.0f} ms, lake whole, nothing left",
                                        lambda: f"{err.decode()}\nold: {got == self.old_hashes}, new: {got == self.new_hashes}, left: {hidden_files(lake)}"):
                    self.stand.verify(lake, "after that")
            self.stand.check(ends.get(128 + number, 0) > 0 or ends.get(0, 0) == 8, f"{number.name}: exit codes {ends}")

    def ignored_hangup(self):
        lake = self.fresh_lake()
        run = subprocess.Popen(["nohup", self.stand.busbar, "convert", self.stand.root / "second", "-o", lake, "--quiet"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(self.seconds * 0.4)
        run.send_signal(signal.SIGHUP)
        run.communicate()
        self.stand.check(run.returncode == 0 and lake_hashes(lake) == self.new_hashes, "under nohup a hang-up does not end the run", str(run.returncode))

    def two_runs(self):
        s = self.stand
        both = s.fresh("both")
        for source in ("first", "second"):
            s.convert(s.root / source, "-o", both)
        rows = total_rows(s, both)
        for turn in range(4):
            lake = s.fresh("lake")
            runs = [self.start(lake, "-j", "2", source=source) for source in (("first", "second"), ("second", "first"))[turn % 2]]
            said = [run.communicate()[1].decode() for run in runs]
            s.check([run.returncode for run in runs] == [0, 0], f"two runs at once ({turn}): both succeed", f"{[run.returncode for run in runs]}\n{said}")
            got = total_rows(s, lake)
            s.check(got == rows, f"two runs at once ({turn}): {rows} rows, as one after the other", f"{got}")
            s.verify(lake, f"two runs at once ({turn})")
            s.check(hidden_files(lake) == [], f"two runs at once ({turn}): nothing left", lambda: str(hidden_files(lake)))
        lake = self.fresh_lake()
        runs = [self.start(lake, "-j", "1") for _ in range(6)]
        codes = [(run.communicate(), run.returncode)[1] for run in runs]
        s.check(codes == [0] * 6 and lake_hashes(lake) == self.new_hashes and hidden_files(lake) == [], "six runs of the same inputs at once", f"{codes} {hidden_files(lake)}")

    def waiting(self):
        """A stopped run holds the lake; another one waits, says so, can be interrupted, and goes on when the first one dies."""
        s = self.stand
        import fcntl
        lake = self.fresh_lake()
        with open(lake / ".busbar.lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("busbar process 1\n")
            lock.flush()
            run = subprocess.Popen([s.busbar, "convert", s.root / "second", "-o", lake], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(0.6)
            s.check(run.poll() is None and lake_hashes(lake) == self.old_hashes, "a locked lake: the run waits")
            run.send_signal(signal.SIGINT)
            began = time.monotonic()
            err = run.communicate()[1].decode()
            s.check(run.returncode == 130 and time.monotonic() - began < 3, "interrupted while it waits: exit code 130", f"{run.returncode}\n{err}")
            s.check("waiting" in err and "busbar process 1" in err, "it says that it waits, and for whom", err)
            run = self.start(lake)
            time.sleep(0.5)
        err = run.communicate()[1].decode()
        s.check(run.returncode == 0 and lake_hashes(lake) == self.new_hashes, "it goes on when the lake is free", f"{run.returncode}\n{err}")
        lake = self.fresh_lake()
        first = self.start(lake, "-j", "1")
        time.sleep(self.seconds * 0.3)
        first.send_signal(signal.SIGSTOP)
        second = self.start(lake, "-j", "1")
        time.sleep(0.5)
        waits = second.poll() is None
        first.kill()
        first.communicate()
        err = second.communicate()[1].decode()
        s.check(second.returncode == 0 and lake_hashes(lake) == self.new_hashes and hidden_files(lake) == [],
                f"the holder of the lake is killed: the one that waits {'' if waits else '(it had no need to) '}completes and removes what was left", f"{second.returncode}\n{err}")

    def reading_meanwhile(self):
        """A reader that opened a file before sees the old file to its end."""
        s = self.stand
        lake = self.fresh_lake()
        path = next(p for p in lake_files(lake) if self.new_hashes[str(p.relative_to(lake))] != self.old_hashes[str(p.relative_to(lake))])
        want = path.read_bytes()
        with open(path, "rb") as f:
            head = f.read(100)
            s.convert(s.root / "second", "-o", lake)
            s.check(head + f.read() == want and path.read_bytes() != want, "a reader in the middle of a file reads the old one to its end")


def main():
    stand = Stand("kill")
    k = Killing(stand)
    k.sigkill_at_random()
    k.polite_signals()
    k.ignored_hangup()
    k.two_runs()
    k.waiting()
    k.reading_meanwhile()
    stand.end()


if __name__ == "__main__":
    main()
