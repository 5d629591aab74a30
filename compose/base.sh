#!/bin/sh
# Makes a base image out of the distribution's packages, for machines that reach no image registry:
# Debian's smallest root file system, Python, nothing else. Prints the image's name.
#
# The name carries a key of all that goes in, so that a second run finds the image and is done.
# Where from is this machine's own choice: whatever its apt is set up to use.
set -eu
cd "$(dirname "$0")"
# shellcheck source=compose/engine.sh
. ./engine.sh

packages=python3,ca-certificates
need_engine
command -v apt-get >/dev/null || fail 3 "this is no Debian: there is no apt-get" \
    "where a registry can be reached, compose/build.sh needs no base of its own"

# One line a suite, "URI SUITE", of the distribution's own archives (third parties have other origins).
# shellcheck disable=SC2016  # those are apt's names, not the shell's
suites=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    sed -n 's/^Debian //p; s/^Ubuntu //p' | sort -u)
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(echo "$suites" | awk -v suite="$suite" '$2 == suite { print $1; exit }')
[ -n "$mirror" ] || fail 3 "apt knows no archive of the suite '$suite'" "try: apt-get update"

key=$(cksum <base.sh | cut -d ' ' -f 1)
image=sessionlab-base:$suite-$(dpkg --print-architecture)-$key
if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image"
    exit
fi

command -v debootstrap >/dev/null || fail 3 "debootstrap is not installed" "apt install debootstrap"
[ "$(id -u)" = 0 ] || fail 3 "debootstrap needs root" "run this once as root: sudo $0"
root=$(mktemp -d "${TMPDIR:-/var/tmp}/sessionlab-base.XXXXXX")
trap 'rm -rf "$root"' EXIT
trap 'exit 130' INT TERM
echo "Making $image from $suite (a minute, once)" >&2
debootstrap --variant=minbase --include="$packages" "$suite" "$root/base" "$mirror" >"$root/log" 2>&1 || {
    tail -n 5 "$root/log" >&2
    fail 3 "debootstrap failed" "can this machine's apt install packages?"
}

# With the security archive, so that what is newer than the release gets in.
echo "$suites" | sed 's/^/deb /; s/$/ main/' >"$root/base/etc/apt/sources.list"
chroot "$root/base" sh -ec 'apt-get -qq update && apt-get -qq -y upgrade' >"$root/log" 2>&1 ||
    echo "base.sh: no security updates could be had: $(tail -n 1 "$root/log")" >&2
(cd "$root/base" && rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* var/cache/debconf/*-old \
    usr/share/doc/* usr/share/man/* usr/share/locale/* usr/share/info/* tmp/*)
python=$(chroot "$root/base" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
tar -C "$root/base" --numeric-owner --sort=name -c . |
    docker import --change "LABEL sessionlab.image=base sessionlab.python=$python" \
        --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' - "$image" >/dev/null
echo "$image"
