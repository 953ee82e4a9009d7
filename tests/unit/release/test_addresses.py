"""Files that say where versions are served."""

from __future__ import annotations

from pathlib import Path

from strata.release.addresses import PENDING, forget_address, forget_addresses, read_address, write_address

A, B = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def test_an_address_is_there_from_one_word_to_the_next(tmp_path: Path) -> None:
    """Nobody said, somebody said, said otherwise, no more; forgetting twice is no fault."""
    seen = [read_address(tmp_path / "bentos", "promo", A)]
    for address in ("127.0.0.1:1", "127.0.0.1:2"):
        write_address(tmp_path / "bentos", "promo", A, address)
        seen.append(read_address(tmp_path / "bentos", "promo", A))
    for _ in range(2):
        forget_address(tmp_path / "bentos", "promo", A)
        seen.append(read_address(tmp_path / "bentos", "promo", A))
    assert seen == [None, "127.0.0.1:1", "127.0.0.1:2", None, None]


def test_all_of_one_segmenter_are_forgotten_and_no_other_ones(tmp_path: Path) -> None:
    """Another segmenter's name may begin with this one's; what a killed writer left half written goes, too."""
    for segmenter in ("promo", "promo-two"):
        for version in (A, B):
            write_address(tmp_path, segmenter, version, "127.0.0.1:1")
    (tmp_path / f"{PENDING}promo-{A}.json").write_text("{", encoding="utf-8")
    forget_addresses(tmp_path, "promo")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"promo-two-{A}.json", f"promo-two-{B}.json"]
    forget_addresses(tmp_path / "nowhere", "promo")
