#!/bin/bash
# What `make test` runs. Usage: test.sh [SUITE...]; without names all suites:
#   build checks ctest cli golden torture interop asan tsan fuzz
# Environment: FUZZ_SECONDS per fuzz target (60), BUSBAR_SAMPLES folder of real files (../shared/samples when there),
# JOBS (number of processors). Ends with "N passed, N failed", or "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/.." || exit 1
FUZZ_SECONDS=${FUZZ_SECONDS:-60}
JOBS=${JOBS:-$(nproc)}
suites=${*:-build checks ctest cli golden torture interop asan tsan fuzz}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}

if [ -z "${BUSBAR_SAMPLES:-}" ] && [ -d ../shared/samples ]; then BUSBAR_SAMPLES=$(cd ../shared/samples && pwd); fi
if [ -n "${BUSBAR_SAMPLES:-}" ]; then
    export BUSBAR_SAMPLES
    echo "real files: $BUSBAR_SAMPLES"
else
    echo "real files: none (set BUSBAR_SAMPLES to a folder of them); the tests over real files are skipped"
fi

n_passed=0 n_failed=0 n_skipped=0 failures=
began=$SECONDS

# count NAME PASSED FAILED SKIPPED
count() {
    n_passed=$((n_passed + $2)) n_failed=$((n_failed + $3)) n_skipped=$((n_skipped + $4))
    printf '%-44s %4d passed %3d failed' "$1" "$2" "$3"
    [ "$4" -gt 0 ] && printf ' %3d skipped' "$4"
    printf '  (%d s)\n' $((SECONDS - began))
    [ "$3" -gt 0 ] && failures="$failures$1
"
    began=$SECONDS
}
skip() { echo "SKIPPED $1: $2"; count "$1" 0 0 1; }

# one NAME COMMAND...: one test; the output is shown when it fails
one() {
    local name=$1
    shift
    if "$@" >"$scratch/out" 2>&1; then count "$name" 1 0 0; return 0; fi
    tail -n 60 "$scratch/out" | sed 's/^/    /'
    count "$name" 0 1 0
    return 1
}

# many NAME COMMAND...: a program that ends with "N passed, N failed[, N skipped]"; without such a line it is one test
many() {
    local name=$1 rc last
    shift
    "$@" >"$scratch/out" 2>&1
    rc=$?
    last=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$scratch/out" | tail -n 1)
    if [ -z "$last" ]; then
        [ $rc -eq 0 ] && { count "$name" 1 0 0; return; }
        tail -n 60 "$scratch/out" | sed 's/^/    /'
        count "$name" 0 1 0
        return
    fi
    set -- $(tr -dc '0-9 ' <<<"$last")
    # a program that failed without counting a failure has still failed
    if [ $rc -ne 0 ] && [ "$2" -eq 0 ]; then set -- "$1" 1 "${3:-0}"; fi
    [ "$2" -gt 0 ] && grep -vE '^ok ' "$scratch/out" | tail -n 80 | sed 's/^/    /'
    grep -E '^SKIPPED' "$scratch/out"
    count "$name" "$1" "$2" "${3:-0}"
}

build() { # build NAME FOLDER CMAKE-ARGUMENTS...
    local name=$1 folder=$2
    shift 2
    one "$name" sh -c 'folder=$1; shift; cmake -S . -B "$folder" -G Ninja -DBUSBAR_WERROR=ON "$@" && cmake --build "$folder"' - "$folder" "$@"
}

# suite NAME FOLDER: every unit, kernel and fuzz-corpus test of a build
run_ctest() {
    local name=$1 folder=$2 passed failed total
    shift 2
    "$@" ctest --test-dir "$folder" -j "$JOBS" --timeout 600 --output-on-failure --no-tests=error >"$scratch/out" 2>&1
    total=$(sed -nE 's/.* tests failed out of ([0-9]+)$/\1/p' "$scratch/out")
    failed=$(sed -nE 's/.*, ([0-9]+) tests failed out of [0-9]+$/\1/p' "$scratch/out")
    if [ -z "$total" ]; then
        tail -n 40 "$scratch/out" | sed 's/^/    /'
        count "$name" 0 1 0
        return
    fi
    passed=$((total - failed))
    [ "$failed" -gt 0 ] && grep -vE '^(Test project|[ ]*Start|.* Passed )' "$scratch/out" | tail -n 150 | sed 's/^/    /'
    count "$name" "$passed" "$failed" 0
}

run_cli() { # run_cli SUITE-NAME BINARY: tests/cli/*.sh get the program in $BUSBAR
    local script
    for script in tests/cli/*.sh tests/cli/*.py; do
        [ -f "$script" ] || continue
        case $script in *.py) set -- "$1" "$2" python3 ;; *) set -- "$1" "$2" bash ;; esac
        BUSBAR=$PWD/$2 many "$1 $(basename "$script")" "${@:3}" "$script"
    done
}

python_for_reading() { if [ -x .venv/bin/python ] && .venv/bin/python -c 'import pyarrow' 2>/dev/null; then echo .venv/bin/python; else echo python3; fi; }

run_torture() { # run_torture NAME BINARY
    local script
    for script in determinism bounded bad_input kill updates; do
        many "$1 $script" "$(python_for_reading)" "tests/torture/$script.py" "$2"
    done
}

for suite in $suites; do
    case $suite in
    build)
        build "build, release" build -DCMAKE_BUILD_TYPE=Release || { echo "nothing else can run"; break; } ;;
    checks)
        one "check: floors" scripts/check_floors.sh
        one "check: symbols" scripts/check_symbols.sh build/libbusbar.a
        one "check: style" scripts/check_style.sh
        one "check: tour" scripts/check_tour.sh
        one "check: manual page and docs/cli.md" scripts/check_help.sh build/busbar
        one "check: docs/formats, every report has a test" python3 scripts/formats_table.py --check build/busbar
        one "check: instructions" scripts/check_instructions.sh build/busbar ;;
    ctest)
        run_ctest "unit, kernels, fuzz corpus" build ;;
    cli)
        run_cli "command line:" build/busbar ;;
    golden)
        many "golden cases" "$(python_for_reading)" tests/golden/run.py --busbar build/busbar ;;
    torture)
        run_torture "torture:" build/busbar ;;
    interop)
        if ! why=$(.venv/bin/python -c 'import pyarrow, duckdb, polars, pandas, gridstatus' 2>&1); then
            why=$(tail -n 1 <<<"$why")
            skip "other readers" "the Python environment .venv lacks packages (${why:-no .venv}); run 'make deps' with network to PyPI"
        else
            for script in tests/interop/*_check.py; do
                many "interop $(basename "$script" .py)" .venv/bin/python "$script" build/busbar
            done
            for iso in ercot exports isone miso nyiso spp; do
                many "interop check_$iso" .venv/bin/python "tests/interop/check_$iso.py" build/busbar
            done
            many "interop check_report" .venv/bin/python tests/interop/check_report.py build/busbar
            many "interop check_pq_writer" .venv/bin/python tests/interop/check_pq_writer.py build/tests/test_pq_write
        fi ;;
    asan)
        build "build, address and undefined sanitizers" build-asan -DBUSBAR_SANITIZE=address,undefined || continue
        run_ctest "unit, kernels, fuzz corpus; ASan+UBSan" build-asan
        export BUSBAR_SANITIZED=1
        run_cli "ASan+UBSan, command line:" build-asan/busbar
        many "golden cases; ASan+UBSan" "$(python_for_reading)" tests/golden/run.py --busbar build-asan/busbar --quick
        TORTURE_SCALE=0.1 TORTURE_BOUNDED_MB=60 TORTURE_LINE_MB=64 TORTURE_KILLS=10 run_torture "ASan+UBSan, torture:" build-asan/busbar
        unset BUSBAR_SANITIZED ;;
    tsan)
        build "build, thread sanitizer" build-tsan -DBUSBAR_SANITIZE=thread || continue
        # the sanitizer's shadow memory needs addresses that the kernel does not move about
        fixed="setarch $(uname -m) -R"
        $fixed true 2>/dev/null || fixed=
        run_ctest "unit, kernels, fuzz corpus; TSan" build-tsan $fixed
        export BUSBAR_SANITIZED=1
        many "golden cases; TSan" $fixed "$(python_for_reading)" tests/golden/run.py --busbar build-tsan/busbar --quick
        TORTURE_SCALE=0.1 many "TSan, torture: determinism" $fixed "$(python_for_reading)" tests/torture/determinism.py build-tsan/busbar
        unset BUSBAR_SANITIZED ;;
    fuzz)
        if ! command -v clang >/dev/null; then skip "fuzz targets" "clang is not installed"; continue; fi
        targets=$(for f in tests/fuzz/fuzz_*.c; do basename "$f" .c; done | grep -v '^fuzz_main$')
        [ -n "$targets" ] || continue
        one "build, fuzz targets" sh -c 'cmake -S . -B build-fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DBUSBAR_FUZZ=ON \
            -DBUSBAR_SANITIZE=fuzzer-no-link,address,undefined && cmake --build build-fuzz --target "$@"' - $targets || continue
        fuzz_one() {
            local target=$1 corpus=tests/fuzz/corpus/${1#fuzz_}
            mkdir -p "$scratch/$target"
            "build-fuzz/tests/$target" -max_total_time="$FUZZ_SECONDS" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
                -artifact_prefix="$scratch/$target." "$scratch/$target" $([ -d "$corpus" ] && echo "$corpus") >"$scratch/$target.log" 2>&1
            echo $? >"$scratch/$target.rc"
        }
        for target in $targets; do
            while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
            fuzz_one "$target" &
        done
        wait
        for target in $targets; do
            rc=$(cat "$scratch/$target.rc")
            runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$target.log")
            if [ "$rc" = 0 ]; then
                count "$target, ${runs:-?} inputs in $FUZZ_SECONDS s" 1 0 0
            else
                tail -n 40 "$scratch/$target.log" | sed 's/^/    /'
                for artifact in "$scratch/$target".{crash,leak,timeout,oom,slow-unit}-*; do
                    [ -f "$artifact" ] && { mkdir -p build-fuzz/found; cp "$artifact" build-fuzz/found/; echo "    input kept: build-fuzz/found/$(basename "$artifact")"; }
                done
                count "$target" 0 1 0
            fi
        done ;;
    *)
        echo "test.sh: no suite '$suite'" >&2
        exit 2 ;;
    esac
done

[ -n "$failures" ] && printf 'failed:\n%s' "$(sed '/./s/^/    /' <<<"$failures")
"
if [ $n_skipped -gt 0 ]; then
    echo "$n_passed passed, $n_failed failed, $n_skipped skipped"
else
    echo "$n_passed passed, $n_failed failed"
fi
[ $n_failed -eq 0 ] && [ $n_passed -gt 0 ]
