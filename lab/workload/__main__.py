"""`python -m sessionlab.lab.workload`: a generator process; see `process`."""

from __future__ import annotations

import asyncio

import uvloop

from sessionlab.lab.workload.process import main

if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
