"""The online state: bytes in, bytes out, behind one small port."""

from strata.state.lmdb_state import LmdbState, open_state
from strata.state.ports import Generation, State, StateReader, StateWriter

__all__ = ["Generation", "LmdbState", "State", "StateReader", "StateWriter", "open_state"]
