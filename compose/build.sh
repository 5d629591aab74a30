#!/bin/sh
# Builds the image sessionlab:VERSION anywhere, and prints its name.
#
#   compose/build.sh               from the official slim Python when a registry can be reached,
#                                  else as below
#   compose/build.sh --offline     from a base made of the distribution's packages (base.sh) and
#                                  wheels collected on this machine; the build has no network
#   compose/build.sh --programs    also sessionlab-programs:VERSION, with HAProxy, nginx and Caddy
#   BASE_IMAGE=… compose/build.sh  from that image
#
# SESSIONLAB_IMAGE gives it another name. What has not changed is not built again: half a second.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=compose/engine.sh
. compose/engine.sh

usage() { sed -n 's/^# \{0,1\}//; 2,/^set/p' "$0" | sed '$d'; }
offline=${SESSIONLAB_OFFLINE:-}
programs=
for argument; do
    case $argument in
    --offline) offline=1 ;;
    --programs) programs=1 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && fail 2 "unknown argument: $argument" ;;
    esac
done
need_engine

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -n 1)
image=${SESSIONLAB_IMAGE:-sessionlab:$version}
official=$(sed -n 's/^ARG BASE_IMAGE=//p' compose/Dockerfile)
base=${BASE_IMAGE:-}

if [ -z "$base$offline" ]; then
    if docker image inspect "$official" >/dev/null 2>&1 || timeout 120 docker pull -q "$official" >&2; then
        base=$official
    else
        echo "build.sh: $official cannot be pulled; making a base from this machine's packages" >&2
        offline=1
    fi
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
build() { # IMAGE DOCKERFILE OPTION...
    name=$1 file=$2
    shift 2
    docker build "$@" -f "compose/$file" -t "$name" . >"$log" 2>&1 || {
        tail -n 25 "$log" >&2
        fail 3 "the image $name could not be built"
    }
}

set --
if [ -n "$offline" ]; then
    base=${base:-$(compose/base.sh)}
    compose/wheels.sh "$base"
    set -- --network none
fi
# The fabric `docker` tells by it an image of another state (lab/fabrics/docker/image.py).
source=$(find nodes balancer -name '*.py' | LC_ALL=C sort | xargs cat requirements.txt | sha256sum | cut -d ' ' -f 1)
build "$image" Dockerfile "$@" --label sessionlab.source="$source" --build-arg BASE_IMAGE="$base" --build-arg VERSION="$version"
if [ -n "$programs" ]; then
    set -- --network host # apt's archives are reached from here, though no registry may be
    [ -z "$offline" ] || set -- "$@" --build-arg BASE_IMAGE="$base"
    build "sessionlab-programs:$version" programs.Dockerfile "$@"
fi

# Its first stage is kept, without a name, so that the next build is quick; yesterday's is not.
docker image prune --force --filter label=sessionlab.image=build --filter until=24h >/dev/null ||
    echo "build.sh: yesterday's first stage is still there; the next build removes it" >&2
[ -n "${SESSIONLAB_IMAGE:-}" ] || docker tag "$image" sessionlab:latest
echo "$image"
