#!/bin/bash
# Installs what busbar needs to be built and tested: Debian packages, and a Python environment in .venv for the tests
# that read files back with pyarrow, DuckDB, Polars, pandas, Spark and gridstatus. Does nothing when everything is there.
set -u
cd "$(dirname "$0")/.." || exit 1

packages="gcc g++ make cmake ninja-build pkg-config libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev libdeflate-dev
libisal-dev libxxhash-dev libjansson-dev libexpat1-dev libcmocka-dev tzdata python3 python3-venv clang libclang-rt-14-dev
clang-format valgrind zip unzip util-linux mount xfsprogs"

# Only Spark needs it, and Spark only for one test: without any Java it is added to the list, with one it is left alone.
command -v java >/dev/null || [ -n "${JAVA_HOME:-}" ] || packages="$packages openjdk-17-jre-headless"

if command -v dpkg-query >/dev/null; then
    missing=
    installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package}\n' $packages 2>/dev/null | sed -n 's/^installed://p' | tr '\n' ' ') "
    for p in $packages; do
        case "$installed" in *" $p "*) ;; *) missing="$missing $p" ;; esac
    done
    if [ -n "$missing" ]; then
        echo "deps: installing$missing"
        root=
        if [ "$(id -u)" -ne 0 ]; then
            root=sudo
            command -v sudo >/dev/null || { echo "deps: these packages are missing and neither root nor sudo is there:$missing" >&2; exit 1; }
        fi
        export DEBIAN_FRONTEND=noninteractive
        log=$(mktemp)
        if ! { $root apt-get update -q && $root apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            echo "deps: apt-get failed (above); install by hand:$missing" >&2
            exit 1
        fi
        rm -f "$log"
    fi
else
    echo "deps: this is no Debian; install what README.md lists under 'Install'" >&2
fi

# The mark holds the requirements that were installed, so that a change of the list is noticed.
if cmp -s tests/requirements.txt .venv/installed-requirements; then exit 0; fi
echo "deps: Python environment .venv for the tests that read files back"
log=$(mktemp)
if { [ -x .venv/bin/python ] || python3 -m venv .venv; } >"$log" 2>&1 &&
   .venv/bin/python -m pip install -q --disable-pip-version-check --timeout 15 --retries 1 -r tests/requirements.txt >>"$log" 2>&1; then
    cp tests/requirements.txt .venv/installed-requirements
else
    tail -n 3 "$log" >&2
    echo "deps: the Python packages could not be installed (no network to PyPI?); the tests that need them will say that they are skipped" >&2
fi
rm -f "$log"
exit 0
