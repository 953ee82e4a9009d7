"""What `strata doctor` says of an online state in Redis."""

from __future__ import annotations

import pytest
from redis_process import RedisProcess

from strata.command.doctor.finding import examine
from strata.command.doctor.home import check_state
from strata.errors import StoreUnavailable
from strata.settings import Settings
from strata.state import open_state


def test_a_sound_one_is_named_and_a_forgetful_or_empty_one_is_a_fault(own_redis: RedisProcess) -> None:
    """Each with what to do about it."""
    settings = Settings(state_url=own_redis.url)
    with pytest.raises(StoreUnavailable, match="strata features materialize"):
        check_state(settings)
    with open_state(own_redis.url) as state:
        state.put("profile", [("a", b"1")])
    found = check_state(settings)
    assert (found.verdict, "sound" in found.found) == ("ok", True)
    own_redis.ask("CONFIG", "SET", "appendonly", "no")
    assert check_state(settings).verdict == "note"
    own_redis.ask("CONFIG", "SET", "maxmemory", "100mb")
    own_redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    found = check_state(settings)
    assert (found.verdict, found.advice) == ("fault", "set maxmemory-policy noeviction")
    own_redis.kill()
    assert examine("state", lambda: check_state(settings), "").verdict == "fault"
