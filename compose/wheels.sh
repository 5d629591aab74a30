#!/bin/sh
# wheels.sh IMAGE: fills compose/wheels with all that a build on that base needs and cannot fetch.
#
# pip runs here, for the Python and the processor of the base, and takes nothing whose hash is not
# in the requirements. The folder carries a key of both, so that a second run is done at once.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=compose/engine.sh
. compose/engine.sh

wheels=compose/wheels
python=$(docker image inspect --format '{{index .Config.Labels "sessionlab.python"}}' "$1")
[ -n "$python" ] || python=$(docker run --rm --network none "$1" \
    python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
machine=$(docker image inspect --format '{{.Architecture}}' "$1" | sed 's/amd64/x86_64/; s/arm64/aarch64/')
key="$python $machine $(cat requirements.txt requirements-build.txt compose/wheels.sh | cksum)"
[ "$(cat $wheels/.key 2>/dev/null)" != "$key" ] || exit 0

for pip in .venv/bin/python python3; do
    "$pip" -m pip --version >/dev/null 2>&1 && break
    pip=
done
[ -n "$pip" ] || fail 3 "no pip on this machine to collect the wheels" "try: make demo, or apt install python3-pip"

set --
for minor in $(seq 17 36); do # the base has glibc 2.36 or later; pip wants each tag by name
    set -- "$@" --platform "manylinux_2_${minor}_$machine"
done
rm -rf $wheels
mkdir -p $wheels
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
for requirements in requirements.txt requirements-build.txt; do
    # pip asks the Python it runs on, not --python-version, whether a marker holds; so what depends
    # on Python's version alone is collected in any case, and the build picks.
    sed "/platform/!s/ ; python_.* \\\\$/ \\\\/" $requirements >"$log/requirements.txt"
    "$pip" -m pip download --disable-pip-version-check --dest $wheels --require-hashes \
        --only-binary :all: --python-version "$python" --implementation cp \
        --platform "manylinux2014_$machine" "$@" -r "$log/requirements.txt" >"$log/log" 2>&1 || {
        grep -v '^WARNING' "$log/log" | tail -n 5 >&2
        fail 3 "the wheels of $requirements could not be collected"
    }
done
echo "$key" >$wheels/.key
