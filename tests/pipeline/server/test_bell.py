import asyncio

from avel.pipeline.server.bell import Bell


def test_who_waits_is_woken() -> None:
    async def run() -> bool:
        bell = Bell()
        waiting = asyncio.create_task(bell.waiting()(60.0))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        bell.ring()
        return await waiting

    assert asyncio.run(run())


def test_a_ring_between_looking_and_waiting_is_heard() -> None:
    async def run() -> bool:
        bell = Bell()
        wait = bell.waiting()
        bell.ring()
        return await wait(60.0)

    assert asyncio.run(run())


def test_a_ring_before_is_not() -> None:
    async def run() -> bool:
        bell = Bell()
        bell.ring()
        return await bell.waiting()(0.001)

    assert not asyncio.run(run())


def test_the_end_wakes_all() -> None:
    async def run() -> list[bool]:
        bell = Bell()
        waiting = [asyncio.create_task(bell.waiting()(60.0)) for _ in range(3)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        bell.end()
        return [*await asyncio.gather(*waiting), bell.is_over]

    assert asyncio.run(run()) == [True] * 4
