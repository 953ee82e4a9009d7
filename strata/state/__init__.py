"""The online state: bytes in, bytes out, behind one small port. In LMDB or in Redis."""

from strata.state.lmdb_state import LmdbState
from strata.state.opening import open_state
from strata.state.ports import AsyncStateReader, Generation, State, StateReader, StateWriter

__all__ = ["AsyncStateReader", "Generation", "LmdbState", "State", "StateReader", "StateWriter", "open_state"]
