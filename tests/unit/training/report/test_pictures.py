"""Pictures: readable with few and many segments, long names, extreme values, without colour."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from report_samples import class_shap, clusters, labels

from training.report.figures.balance import balance_picture
from training.report.figures.bands import bands_picture
from training.report.figures.class_curves import class_precision_recall_picture, class_roc_picture
from training.report.figures.confusion import confusion_picture
from training.report.figures.criteria import criteria_picture
from training.report.figures.fairness import fairness_picture
from training.report.figures.flows import flows_picture
from training.report.figures.importance import importances_picture, permutation_picture, shap_picture
from training.report.figures.levels import levels_picture
from training.report.figures.maps import map_picture, one_by_one_picture
from training.report.figures.shap_classes import class_shap_picture
from training.report.figures.sizes import sizes_picture
from training.report.figures.telling import telling_picture
from training.report.figures.windows import agreement_picture, shares_picture
from training.report.picture import Picture
from training.report.style import MARKS, look


@pytest.fixture(autouse=True)
def _look() -> Iterator[None]:
    with look():
        yield


def _drawn(count: int) -> Iterator[Picture | None]:
    found, judged = clusters(count).details, clusters(count)
    names = list(judged.labels.values())
    yield sizes_picture(found["sizes"], judged.labels, found["noise"])
    yield levels_picture(found["axes"], judged.labels)
    yield map_picture(found["map"], names)
    yield one_by_one_picture(found["map"], names)
    yield telling_picture(found["telling"], judged.labels)
    yield criteria_picture(found["candidates"], count)
    yield agreement_picture(found["windows"])
    yield shares_picture(found["windows"], judged.labels)
    flows = found["identity"]["flows"]
    yield flows_picture(flows["matrix"], [judged.label(k) for k in flows["rows"]], names)
    said = labels(count)
    told = said.details
    yield bands_picture(told["bands"])
    yield confusion_picture(told["confusion"]["matrix"], names)
    yield class_roc_picture(told["class_rankings"], said.labels)
    yield class_precision_recall_picture(told["class_rankings"], said.labels)
    yield importances_picture(told["importances"])
    yield permutation_picture(told["permutation"])
    yield shap_picture(told["shap"])
    yield class_shap_picture(class_shap(count), said.labels)
    yield fairness_picture(told["fairness"][0])
    yield balance_picture(told["balance"]["ways"])


@pytest.mark.parametrize("count", [2, 12])
def test_no_words_lie_on_each_other_or_outside(count: int) -> None:
    """Labels of axes, bars, cells and legends, as they are laid out, for few and many segments."""
    faults = []
    for picture in _drawn(count):
        assert picture is not None
        boxes = _boxes(picture.figure)
        assert boxes
        whole = picture.figure.bbox
        faults += [(picture.title, said) for said, box in boxes if not _within(box, whole)]
        faults += [
            (picture.title, one, other)
            for (one, left), (other, right) in itertools.combinations(boxes, 2)
            if _overlap(left, right)
        ]
    assert faults == []


def _within(box: Bbox, whole: Bbox) -> bool:
    return bool(box.x0 > -1 and box.y0 > -1 and box.x1 < whole.x1 + 1 and box.y1 < whole.y1 + 1)


def _boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    unused = {id(text) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for text in _unused(axis)}
    # Numbers on a map lie on its points by intent; boxes of tilted labels are larger than their words.
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_rotation() in (0, 90) and id(text) not in unused
    ]


def _unused(axis: Axis) -> Iterator[Text]:
    """Ticks beyond the ends, and spare ones, have words and are not drawn."""
    low, high = sorted(axis.get_view_interval())
    used = {id(text) for text in axis.get_ticklabels()}
    for tick in axis.majorTicks:
        if not axis.axes.axison or id(tick.label1) not in used or not low <= tick.get_loc() <= high:
            yield tick.label1
        yield tick.label2


def _overlap(one: Bbox, other: Bbox, leave: float = 1.5) -> bool:
    """By more than so many points down: a box has the line's full height, whatever letters are in it."""
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(across > 1 and down > leave)


def test_a_classs_cell_says_how_much_and_which_way() -> None:
    """Numbers in the cells, the sign of what a high value does; a class goes by its label."""
    feature = {"feature": "v:visits", "mean_abs": 1.25, "most": "a", "by_class": [0.75, 0.5, 0.0]}
    found = {"classes": ["a", "b", "c"], "features": [{**feature, "direction": [1, -1, 0]}]}
    picture = class_shap_picture(found, {"a": "Often"})
    assert picture is not None
    words = {text.get_text() for text in picture.figure.findobj(Text)}
    assert {"+0.75", "\u22120.50", "0.00", "Often", "b", "v:visits"} <= words
    assert class_shap_picture({"classes": ["a"], "features": []}, {}) is None


def test_words_are_words_and_dollars_are_dollars() -> None:
    """A label is text in the picture, as it was written: selectable, and never read as mathematics."""
    drawn = sizes_picture({"a": 5, "b": 7}, {"a": "$5 to $9", "b": "x"}).to_html()
    assert ">$5 to $9</text>" in drawn


def test_many_tiny_segments_beside_a_huge_one_keep_their_names_apart() -> None:
    """Labels of a flow move away from each other, not into each other."""
    names = [f"segment {i}" for i in range(12)]
    picture = flows_picture(np.diag([100_000] + [1] * 11).tolist(), names, names)
    assert picture is not None
    boxes = _boxes(picture.figure)
    assert len(boxes) == 2 * 12 + 2
    assert [pair for pair in itertools.combinations(boxes, 2) if _overlap(pair[0][1], pair[1][1], 0.0)] == []
    assert [said for said, box in boxes if not _within(box, picture.figure.bbox)] == []


def test_marks_are_told_apart_without_colour() -> None:
    """Twelve markers and twelve hatches, no two alike."""
    assert len({one.marker for one in MARKS}) == len({one.hatch for one in MARKS}) == len(MARKS) == 12


def test_one_far_user_does_not_hide_all_others() -> None:
    """The map's ends are where the users are."""
    axes = map_picture(clusters(5).details["map"], list("abcde")).figure.axes[0]
    assert axes.get_xlim()[1] < 5


def test_a_single_number_of_segments_is_no_curve() -> None:
    """Nothing to compare, nothing drawn."""
    assert criteria_picture(clusters(4).details["candidates"][:1], 2) is None


def test_flows_without_users_are_not_drawn() -> None:
    """A first version has no ribbons."""
    assert flows_picture(np.zeros((2, 2)).tolist(), ["a", "b"], ["a", "b"]) is None
