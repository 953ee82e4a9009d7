"""Which preparation steps are repeated, and which are not."""

from __future__ import annotations

from pathlib import Path

from strata.command.up.stamps import Stamps
from strata.command.up.steps import Step


class Product:
    """A step's product and inputs, set by hand."""

    def __init__(self, name: str, needs: tuple[str, ...] = ()) -> None:
        self.there = False
        self.inputs = "as they were"
        self.step = Step(name, name, (name,), "lane", needs, lambda: self.there, lambda: self.inputs)


def _names(steps: list[Step]) -> list[str]:
    return [step.name for step in steps]


def _done(path: Path, products: list[Product]) -> list[Step]:
    steps = [product.step for product in products]
    stamps = Stamps(path)
    for product in products:
        product.there = True
        stamps.mark(product.step, steps)
    return steps


def test_a_new_home_has_everything_to_do(tmp_path: Path) -> None:
    """Without stamps every step is pending, in the order given."""
    steps = [Product("history").step, Product("state", ("history",)).step]
    assert _names(Stamps(tmp_path / "prepared.json").pending(steps)) == ["history", "state"]


def test_what_is_done_is_skipped(tmp_path: Path) -> None:
    """A stamped step whose product is there is not repeated by the next run."""
    steps = _done(tmp_path / "p.json", [Product("history"), Product("state", ("history",))])
    assert Stamps(tmp_path / "p.json").pending(steps) == []


def test_a_product_without_a_stamp_is_made_again(tmp_path: Path) -> None:
    """A run killed between product and stamp repeats that step: half a product looks the same."""
    product = Product("history")
    product.there = True
    assert _names(Stamps(tmp_path / "p.json").pending([product.step])) == ["history"]


def test_a_lost_product_is_made_again_with_what_needs_it(tmp_path: Path) -> None:
    """Removing one product repeats its step and those downstream, and leaves the others alone."""
    history, state, other = Product("history"), Product("state", ("history",)), Product("other")
    steps = _done(tmp_path / "p.json", [history, state, other])
    history.there = False
    assert _names(Stamps(tmp_path / "p.json").pending(steps)) == ["history", "state"]


def test_changed_inputs_reach_everything_downstream(tmp_path: Path) -> None:
    """A changed definition repeats its own step and those made from it."""
    first, second, third = Product("a"), Product("b", ("a",)), Product("c", ("b",))
    steps = _done(tmp_path / "p.json", [first, second, third])
    second.inputs = "edited"
    assert _names(Stamps(tmp_path / "p.json").pending(steps)) == ["b", "c"]


def test_a_broken_stamp_file_counts_as_none(tmp_path: Path) -> None:
    """Steps are safe to repeat, so a damaged file costs time and nothing else."""
    (tmp_path / "p.json").write_text("[1, 2", encoding="utf-8")
    assert _names(Stamps(tmp_path / "p.json").pending([Product("history").step])) == ["history"]
