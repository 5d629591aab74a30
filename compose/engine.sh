# Sourced by the scripts beside it: what they say on errors, and whether there is an engine.
# shellcheck shell=sh

fail() { # STATUS MESSAGE HINT
    echo "${0##*/}: $2" >&2
    [ -z "${3:-}" ] || echo "  $3" >&2
    exit "$1"
}

need_engine() { # exit 3 (as sessionlab does when it cannot start a cluster) unless dockerd answers
    command -v docker >/dev/null ||
        fail 3 "the docker command is not installed" \
            "on Debian and Ubuntu: apt install docker.io; elsewhere see https://docs.docker.com/engine/install"
    said=$(docker version --format '{{.Server.Version}}' 2>&1) && return
    case $said in
    *"permission denied"*) fail 3 "no permission on the Docker engine's socket" \
        "join the group that owns it (sudo usermod -aG docker \$USER, then log in again), or run as root" ;;
    *) fail 3 "no Docker engine answers: $(echo "$said" | tail -n 1)" \
        "start it (systemctl start docker, or dockerd as root), or set DOCKER_HOST" ;;
    esac
}
