#!/bin/sh
# make bench: bench/run.sh BUSBAR [what to measure...]. See bench/run.py; the Python of .venv has the peers.
cd "$(dirname "$0")/.." || exit 1
busbar=$1
shift
limits=$(dirname "$busbar")/bench_limits
cmake --build "$(dirname "$busbar")" --target bench_limits >/dev/null || exit 1
python=.venv/bin/python
[ -x $python ] || python=python3
exec $python bench/run.py --busbar "$busbar" --limits "$limits" "$@"
