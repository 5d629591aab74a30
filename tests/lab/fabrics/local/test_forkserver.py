import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.fabrics.processes import alive, wait_gone

LAB = """
import asyncio, json, os
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.local.fabric import LocalFabric

async def main():
    fabric = LocalFabric()
    await fabric.open()
    sandbox = fabric.sandbox("here")
    sandbox.write("keys.json", "secret")
    await sandbox.start(Part("p", "/bin/sh", ["-c", "echo $$; exec sleep 1000"]))
    while not sandbox.log("p"):
        await asyncio.sleep(0.005)
    pids = [int(sandbox.log("p")), fabric._forks._server.pid]
    print(json.dumps([pids, str(fabric._run_folder.folder)]), flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def test_kill_9_of_the_lab_leaves_no_process_and_no_file() -> None:
    lab = subprocess.Popen([sys.executable, "-c", LAB], stdout=subprocess.PIPE, text=True)
    try:
        assert lab.stdout is not None
        pids, folder = json.loads(lab.stdout.readline())
        assert all(map(alive, pids))
        assert Path(folder).exists()
    finally:
        lab.kill()
        lab.communicate()
    assert wait_gone(*pids) == []
    assert not Path(folder).exists()


NODES = """
import sys
from sessionlab.lab.fabrics.local.loading import NODES, load_for
strategy = ["--strategy", sys.argv[1]]
load_for(NODES, strategy)
before = set(sys.modules)
import asyncio
from sessionlab.nodes.process.assembly import assemble
from sessionlab.nodes.process.command import parse

async def main():
    assemble(parse([*strategy, "--user-password", "a password"]))

asyncio.run(main())
new = set(sys.modules) - before
print(sorted(name for name in new if name.split(".")[0] not in sys.stdlib_module_names))
"""


@pytest.mark.parametrize("strategy", ["memory", "redis", "jwt"])
def test_a_node_forked_from_it_has_nothing_left_to_load(strategy: str) -> None:
    words = [sys.executable, "-c", NODES, strategy]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n", ran.stderr
