"""The house that all stories share, and the members who live through them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from sandbox.house import House, started
from tests.conftest import copy_of, redis_for_tests
from tests.stories.actors import Member, World


@pytest.fixture(scope="session")
def house(server_url: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Web, workers, clock and sandbox as processes, on a database of their own."""
    folder: Path = tmp_path_factory.mktemp("house")
    with copy_of(server_url, migrated) as url, redis_for_tests(folder, place=1) as redis_url:
        # Short time-outs, so that what a killed worker left behind is found within a test's patience.
        house = House(url, redis_url, folder, job_timeout_seconds=4, webhook_retry_seconds=1)
        with started(house):
            yield house


@pytest.fixture
def world(house: House) -> Iterator[World]:
    """The house with every process running, and no faults left over from another story."""
    house.restart_dead()
    for target in ("paystack", "flutterwave", "twilio"):
        requests.post(f"{house.sandbox_url}/sandbox/faults", json={"target": target, "kind": "none"}, timeout=5)
    yield World(house)
    house.restart_dead()


@pytest.fixture
def member(world: World) -> Callable[..., Member]:
    """`member("Ama", channel="sms", country="NG")`: somebody with a phone of their own whom nobody has met before."""
    return world.member
