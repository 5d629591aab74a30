"""Watching the users of real servers while a real command changes them."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from sessionlab.lab.clients.network import ANY_NETWORK
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.outside import calm, watching
from sessionlab.lab.outside.pacing import Pacer
from sessionlab.lab.outside.reaching import address
from sessionlab.lab.outside.shell import Running
from sessionlab.lab.outside.watching import Watch, Wishes
from tests.lab.fabrics.processes import wait_gone
from tests.lab.outside.shops import Served, Shop, recipe

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.outside.watched import Watched
    from sessionlab.lab.recipes.model import Recipe

STEP = "import sys, urllib.request as u, time\nfor s in sys.argv[2:]:\n    "
STEP += "time.sleep(float(s)) if s[0].isdigit() else u.urlopen(sys.argv[1] + '/control/' + s)"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calm, "CALM", 0.3)
    monkeypatch.setattr(watching, "PERIOD", 0.05)


def hide(_: str) -> None:
    pass


def deploy(url: str, *steps: str) -> tuple[str, ...]:
    """A command that does these things to the shop."""
    return (sys.executable, "-S", "-c", STEP, url, *steps)


async def watched(
    shop: Shop,
    *steps: str,
    users: int = 4,
    settle: float = 5.0,
    described: Recipe | None = None,
    command: tuple[str, ...] = (),
) -> Watched:
    with Served(shop) as served:
        wishes = Wishes(
            address(served.url),
            users=users,
            settle=settle,
            command=command or deploy(served.url, *steps),
        )
        events, told = Events(), list[str]()
        watch = Watch(
            described or recipe(),
            wishes,
            ANY_NETWORK,
            events,
            Pacer(500),
            say=told.append,
            show=hide,
        )
        return await watch.run()


async def test_a_deploy_that_changes_nothing_loses_nobody() -> None:
    seen = await watched(Shop(), "0.1")
    assert seen.counts == {
        **dict.fromkeys(seen.counts, 0),
        "kept": 4,
    }
    assert (seen.exit_status, seen.outcome, seen.status) == (0, "held", 0)


async def test_a_node_that_forgets_logs_everybody_out_and_says_when() -> None:
    seen = await watched(Shop(), "0.2", "forget")
    assert seen.counts["logged_out"] == 4
    assert (seen.exit_status, seen.outcome) == (1, "broken")
    assert all(lost.at > 0 for lost in seen.losses)
    assert "401" in seen.losses[0].saw


async def test_errors_that_end_are_an_interruption_and_how_long_it_was() -> None:
    seen = await watched(Shop(), "down", "0.5", "up")
    assert seen.counts["kept"] == seen.counts["interrupted"] == 4
    assert 400 < seen.interruptions["longest_ms"] < 5000
    assert seen.exit_status == 0


async def test_errors_that_outlast_the_command_are_waited_for() -> None:
    shop = Shop()
    asyncio.get_running_loop().call_later(2.0, shop.control, "up")
    seen = await watched(shop, "down")
    assert seen.counts["stuck"] == 0
    assert seen.counts["interrupted"] == 4


async def test_errors_that_never_end_leave_users_stuck() -> None:
    seen = await watched(Shop(), "down", settle=0.5)
    assert seen.counts["stuck"] == 4
    assert seen.exit_status == 1


async def test_who_hangs_at_the_end_is_stuck_and_not_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A system that stands still: nobody is kept whom the watch's end alone has cut short."""
    monkeypatch.setattr(watching, "LAST", 0.1)
    me = {"get": "/me", "user": {"json": "user"}, "within": 1.5}
    described = structs.replace(recipe(me=me), write=(), read=())
    seen = await watched(Shop(), "0.1", "freeze", settle=0.6, described=described)
    assert (seen.counts["stuck"], seen.exit_status) == (4, 1), seen.lines()


async def test_who_was_lost_before_the_command_is_told_apart() -> None:
    seen = await watched(Shop(nodes=2, shared=False), "0.1", users=2, settle=0.5)
    assert seen.counts["logged_out"] == 2
    assert any("before the command began" in line for line in seen.remarks)


async def test_a_move_is_seen_where_the_recipe_says_who_answers() -> None:
    shop = Shop(nodes=3, affinity="")
    described = recipe(node={"header": "X-Served-By"})
    seen = await watched(shop, "0.1", described=described)
    assert seen.counts["moved"] == 4
    assert (await watched(Shop(), "0.1")).counts["moved"] == 0


async def test_that_nothing_tells_the_node_is_said() -> None:
    seen = await watched(Shop(), "0.1")
    assert any("counts as kept" in line for line in seen.lines())


async def test_a_command_that_fails_is_no_verdict_on_users() -> None:
    seen = await watched(Shop(), command=("sh", "-c", "exit 7"))
    assert (seen.status, seen.exit_status, seen.counts["kept"]) == (7, 3, 4)
    seen = await watched(Shop(), command=("sh", "-c", "kill -9 $$"))
    assert seen.status == 137


async def test_where_nobody_can_log_in_no_command_is_run_and_few_try() -> None:
    shop = Shop(password="another")
    with pytest.raises(NothingShown, match="could not log in") as error:
        await watched(shop, "forget", users=9)
    assert "open-sesame" not in str(error.value)
    assert shop.asked.count("POST /login") == 3


async def test_an_app_that_names_somebody_to_a_stranger_tells_nothing_of_users() -> None:
    shop = Shop(everybody=True)
    with pytest.raises(NothingShown, match="never logged in"):
        await watched(shop, "forget", users=1)
    assert "POST /login" not in shop.asked


async def test_of_much_that_a_command_prints_part_is_shown_and_users_are_asked_meanwhile() -> None:
    lines: list[str] = []
    much = (sys.executable, "-S", "-c", "for n in range(200_000): print('line', n)")
    async with Running(much, lines.append) as running:
        assert await running.wait() == 0
    assert len(lines) < 10_000
    assert lines[0] == "line 0"
    assert lines[-1] == "line 199999"
    shown = sum(line.startswith("line ") for line in lines)
    assert sum(int(line.split()[1]) for line in lines if "not shown" in line) == 200_000 - shown


async def test_one_account_may_serve_several_clients() -> None:
    described = recipe(users={"list": [{"name": "user1", "password": "open-sesame"}]})
    seen = await watched(Shop(), "0.1", users=3, described=described)
    assert seen.counts["kept"] == 3
    assert {user.tab for user in seen.judged} == {0, 1, 2}


async def test_a_429_slows_it_down_and_is_nobody_s_loss() -> None:
    seen = await watched(Shop(too_many=20), "0.1")
    assert seen.counts["kept"] == 4
    assert seen.counts["interrupted"] == 0
    assert any("429" in line for line in seen.notes)


async def test_data_that_is_gone_is_wrong_data() -> None:
    seen = await watched(Shop(copies=True), "0.1", settle=0.5)
    assert seen.counts["wrong_data"] == 4


async def test_a_command_that_is_interrupted_ends_with_its_children() -> None:
    shop = Shop()
    with Served(shop) as served:
        command = ("sh", "-c", "sleep 300 & echo $!; wait")
        wishes = Wishes(address(served.url), users=2, command=command)
        told: list[str] = []
        watch = Watch(
            recipe(), wishes, ANY_NETWORK, Events(), Pacer(500), say=told.append, show=hide
        )
        task = asyncio.create_task(watch.run())
        while not told:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert wait_gone(int(told[0])) == []


async def test_trouble_of_the_lab_s_own_ends_no_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trouble(watch: Watch, _: object) -> tuple[str, None]:
        if watch.began is not None:
            raise NothingShown("the lab has no memory left")
        return "me", None

    monkeypatch.setattr(Watch, "_next", trouble)
    with pytest.raises(NothingShown, match="no memory"):
        await watched(Shop(), command=("sh", "-c", f"sleep 0.3; touch {tmp_path}/deployed"))
    assert (tmp_path / "deployed").exists()


async def test_a_command_that_is_no_program_is_wrong_usage(tmp_path: Path) -> None:
    script = tmp_path / "deploy"
    script.write_bytes(b"\x00\x01")
    script.chmod(0o755)
    with pytest.raises(UsageError, match="cannot be run"):
        await watched(Shop(), command=(str(script),))


async def test_without_a_command_an_interrupt_is_the_ordinary_end() -> None:
    with Served(Shop()) as served:
        wishes = Wishes(address(served.url), users=2)
        shown: list[str] = []
        watch = Watch(
            recipe(), wishes, ANY_NETWORK, Events(), Pacer(500), say=hide, show=shown.append
        )
        task = asyncio.create_task(watch.run())
        while not any("2 well" in line for line in shown):
            await asyncio.sleep(0.01)
        task.cancel()
        assert (await task).counts["kept"] == 2
