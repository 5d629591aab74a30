import subprocess
import sys

import pytest

from sessionlab.nodes.__main__ import main
from sessionlab.nodes.process.command import parse
from sessionlab.nodes.process.listening import Address
from sessionlab.nodes.process.options import Options


def test_every_option_is_on_the_command_line_and_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "NODE_LISTEN": "[::1]:9",
        "NODE_ID": "n7",
        "NODE_STRATEGY": "redis",
        "NODE_IDLE": "2.5",
        "NODE_HASH_COST": "low",
        "NODE_ACCESS_LOG": "json",
        "NODE_USER_PASSWORD": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    options = parse(["--strategy", "jwt"])
    assert isinstance(options, Options)
    assert options.listen == Address("::1", 9)
    assert (options.id, options.idle, options.access_log) == ("n7", 2.5, "json")
    assert options.strategy == "jwt"
    assert "secret" not in repr(options)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--strategy", "x"],
            "'--strategy': there is no strategy 'x'; there are memory, redis, jwt",
        ),
        (["--listen", "x"], "'--listen': 'x' is not HOST:PORT; give for example 127.0.0.1:8001"),
        (["--id", "a b"], "'--id': 'a b': use 1 to 64 letters"),
        (["--app-version", ""], "'--app-version': '': use 1 to 64 letters"),
        (["--idle", "0"], "'--idle'"),
        (["--idle", "nan"], "'--idle'"),
        (["--jwt-lifetime", "0"], "'--jwt-lifetime'"),
        (["--jwt-leeway", "301"], "'--jwt-leeway'"),
        (["--jwt-algorithm", "none"], "'none' is not one of 'HS256', 'EdDSA'"),
        (["--hash-cost", "x"], "'--hash-cost': 'x' is neither low, standard, high nor t="),
        (["--trust-proxy", "x"], "'--trust-proxy'"),
        (["--cookie-name", "a;b"], "'--cookie-name': 'a;b' is not a cookie name"),
        (["--cookie-name", "__Host-s", "--cookie-secure", "never"], "needs Secure"),
        (["--user-password", "x" * 1025], "1 to 1024"),
        (["--jwt-audience", "a b"], "'--jwt-audience'"),
        (["--users", "-1"], "'--users'"),
        (["--on-store-down", "x"], "'x' is not one of 'error', 'logout'"),
        (["--cart-writes", "x"], "'x' is not one of 'field', 'record'"),
        (["--cart-delay", "-1"], "'--cart-delay'"),
        (["--cart-delay", "nan"], "'--cart-delay'"),
        (["--cookie-secure", "x"], "'x' is not one of 'auto', 'always', 'never'"),
        (["--nope"], "--nope"),
        (["extra"], "unexpected extra argument"),
        (["--listen"], "requires an argument"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1
    assert line.endswith("See python -m sessionlab.nodes --help.\n")


def test_help_shows_every_option_with_its_variable_and_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for option in Options.__dataclass_fields__:
        assert f"--{option.replace('_', '-')}" in text
        assert f"NODE_{option.upper()}" in text
    assert "Examples:" in text


def test_importing_it_with_its_strategies_has_no_effects_and_leaves_nothing_to_import() -> None:
    # The lab imports them once, forks, and calls main in the child.
    script = """
import os, sys, threading
before = sorted(os.listdir("/dev/fd"))
import sessionlab.nodes.__main__, sessionlab.nodes.strategies.jwt, sessionlab.nodes.strategies.redis
assert sorted(os.listdir("/dev/fd")) == before, "open files"
assert threading.active_count() == 1, threading.enumerate()
for heavy in ("aiohttp", "jwt", "cryptography", "redis.asyncio", "argon2", "uvloop",
              "prometheus_client"):
    assert heavy in sys.modules, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True)
