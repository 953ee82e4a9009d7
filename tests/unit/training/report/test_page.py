"""The evaluation page: everything that was measured is on it, and nothing of it comes from, or leads, elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from report_samples import HOSTILE, class_shap, clusters, labels

from training.report.html import Html
from training.report.judged import Judged
from training.report.page import evaluation_page
from training.rows import Evaluation

VOID = {"meta", "wbr", "br", "img", "link", "input", "use", "path", "image", "rect", "circle"}
PICTURES = {
    "clusters": [
        "What sets segments apart", "Users per segment", "Map of users", "The map, one segment at a time",
        "What tells a segment apart", "What each criterion says", "Does it hold over time", "Sizes over time",
        "Where users went",
    ],
    "labels": [
        "What each segment holds", "Precision and recall", "ROC", "Calibration", "Gain and lift",
        "Would more rows help",
        "Which classes are taken for which", "Precision and recall of each class against the rest",
        "ROC of each class against the rest", "Where users went", "What the model looks at",
        "What is lost without a feature", "Which values push which way", "By profile:age",
        "Ways of dealing with the rare class", "How the search went",
    ],
}  # fmt: skip


class Reader(HTMLParser):
    """Elements, their attributes, and whether each that was opened was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """One page of each kind, drawn once."""
    return {"clusters": evaluation_page(clusters(4)), "labels": evaluation_page(labels(3))}


@pytest.mark.parametrize("kind", ["clusters", "labels"])
def test_everything_measured_is_drawn(pages: dict[str, str], kind: str) -> None:
    """A picture of every key of its kind, in the order of the page."""
    assert re.findall(r'<svg role="img"[^>]*><title>([^<]*)</title>', pages[kind]) == PICTURES[kind]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("clusters", "On hold"),
        ("clusters", "8 % of the users moved, at most 5 % may: a person should look."),
        ("clusters", "They comes by very often and lately"),
        ("clusters", "The most segments whose stability is at least 0.7."),
        ("clusters", "3,000.0"),  # Calinski-Harabasz of k = 3
        ("clusters", "No worse than the champion."),
        ("clusters", "321 users (8.0%) are in another segment now"),
        ("clusters", "because their features changed"),
        ("clusters", "latency_us_1"),
        ("clusters", "87.5%"),  # users in matching segments of a window
        ("clusters", "Most moved because recency fell."),
        ("clusters", "December is not in the data."),
        ("labels", "0.860 (0.840 to 0.880)"),  # over the folds
        ("labels", "0.855 (0.825 to 0.885)"),  # their rows together
        ("labels", "0.880 (0.850 to 0.910)"),  # the fourth fold
        ("labels", "18.0% to 40.0%"),  # of the calibration table
        ("labels", "12 points between age groups"),
        ("labels", "0.120 (0.090 to 0.150)"),  # demographic parity
        ("labels", "70.0% (50.0% to 85.0%)"),  # a group's rate
        ("labels", "SMOTE over-fits"),
        ("labels", "40 trials; the best reached roc_auc 0.8730 on validation folds."),
        ("labels", "3 users are in two folds."),
        ("labels", "Duplicate rows left out"),
        ("labels", "A column is constant."),
        ("labels", "5 left out, 15 kept."),
        ("labels", "strata train responders --as-of 2017-12-01T05:00:00Z"),
        ("labels", "lightgbm 4.7.0, numpy 2.4.6"),
        ("labels", "0.700 (0.600 to 0.800)"),  # precision of a class
        ("labels", "0.870 (0.840 to 0.900)"),  # accuracy beside simpler ways
        ("labels", "scale of log-odds"),
        ("labels", "base rate put right"),
        ("labels", "0.300 (0.270 to 0.330)"),  # precision among those taken
        ("labels", "12.5%"),  # missing
        ("labels", "fitting"),  # timing
    ],
)
def test_what_pictures_do_not_say_is_in_words(pages: dict[str, str], kind: str, said: str) -> None:
    """Sentences, intervals and counts."""
    words = re.sub(r"<wbr>|<svg.*?</svg>", "", pages[kind], flags=re.DOTALL)
    assert said in words


@pytest.mark.parametrize("kind", ["clusters", "labels"])
def test_a_page_needs_nothing_from_elsewhere_and_leads_nowhere(pages: dict[str, str], kind: str) -> None:
    """No script, no address, no link but into the page itself, no name given twice."""
    read = Reader(pages[kind])
    assert read.open == []
    assert not {tag for tag, _ in read.elements} & {"script", "link", "iframe", "object", "img"}
    targets = [value for _, found in read.elements for name, value in found.items() if name.endswith(("href", "src"))]
    assert [one for one in targets if not one.startswith(("#", "data:image/png;base64,"))] == []
    names = [found["id"] for _, found in read.elements if "id" in found]
    assert len(names) == len(set(names))
    assert {one[1:] for one in targets if one.startswith("#")} <= set(names)
    assert set(re.findall(r"url\(#([^)]*)\)", pages[kind])) <= set(names)
    assert "http" not in pages[kind]
    assert "@import" not in pages[kind]


@pytest.mark.parametrize("kind", [clusters, labels])
def test_text_of_others_stays_text(kind: type[Judged]) -> None:
    """Labels and descriptions with markup and dollar signs are shown as they are, in words and in pictures."""
    page = evaluation_page(kind(2, label=HOSTILE, description=HOSTILE))
    assert "&lt;script&gt;alert(" in page
    assert not {tag for tag, _ in Reader(page).elements} & {"script", "img"}
    assert all(not name.startswith("on") for _, found in Reader(page).elements for name in found)


@pytest.mark.parametrize("kind", ["clusters", "labels"])
def test_no_key_but_the_kind_is_needed(kind: str) -> None:
    """Without any of the others there is a page still: first screen, metrics, facts."""
    whole = {"clusters": clusters, "labels": labels}[kind](3)
    bare = Judged(whole.manifest, Evaluation(whole.manifest.metrics, {"kind": kind}))
    page = evaluation_page(bare)
    assert page.count("<svg") == 0
    assert whole.manifest.version in page
    assert page.count("<h2") == 2


@pytest.mark.parametrize("made", [clusters(2), labels(2)], ids=["clusters", "labels"])
def test_no_key_needs_another(made: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each alone beside the kind makes a page."""
    monkeypatch.setattr("training.report.picture.Picture._svg", lambda picture: Html(""))
    for key, found in made.details.items():
        alone = Evaluation({}, {"kind": made.details["kind"], key: found})
        assert evaluation_page(Judged(made.manifest, alone)).endswith("</html>\n")


def test_the_largest_page_stays_small() -> None:
    """Twelve segments with long names, everything measured: below 1.5 MB."""
    assert len(evaluation_page(clusters(12)).encode()) < 1_500_000


def test_the_same_evaluation_gives_the_same_bytes(pages: dict[str, str]) -> None:
    """Nothing of the clock or of chance is in a page."""
    assert evaluation_page(labels(3)) == pages["labels"]


def test_classes_have_their_sizes_and_picture_on_the_first_screen() -> None:
    """Where there are no bands, a segment's size is how many were called so."""
    made = labels(2, drop=("bands",))
    confusion = made.details["confusion"]["matrix"]
    assert made.sizes == {
        "segment_0": confusion[0][0] + confusion[1][0],
        "segment_1": confusion[0][1] + confusion[1][1],
    }
    page = evaluation_page(made)
    assert page.count("<title>Which classes are taken for which</title>") == 1
    assert page.index("Which classes are taken for which") < page.index("<nav>")


def test_classes_have_a_cell_for_each_feature_in_place_of_the_cloud() -> None:
    """And in words which class each feature moves most."""
    whole = labels(6)
    details = {**whole.details, "shap": class_shap(6)}
    page = evaluation_page(Judged(whole.manifest, Evaluation({}, details)))
    titles = re.findall(r'<svg role="img"[^>]*><title>([^<]*)</title>', page)
    assert "What moves users into which class" in titles
    assert "Which values push which way" not in titles
    words = re.sub(r"<wbr>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert "moves most" in words
    assert "on all classes together" in words


def test_duplicates_that_stay_are_not_said_to_be_left_out() -> None:
    """A file may keep them."""
    made = labels(2)
    kept = {"preparation": {"duplicates": 12, "duplicates_dropped": False, "excluded": 0}, "kind": "labels"}
    page = evaluation_page(Judged(made.manifest, Evaluation({}, kept)))
    assert "Duplicate rows, kept" in page
    assert "Duplicate rows left out" not in page


def test_the_decision_is_said_once_on_the_first_screen() -> None:
    """Training puts it among its sentences; the page has it above them."""
    made = labels(2)
    reasons = "; ".join(made.details["decision_reasons"])
    headline = ["One.", f"Held for a person: {reasons}."]
    page = evaluation_page(Judged(made.manifest, Evaluation({}, made.details, headline)))
    first = page[: page.index("<nav>")]
    assert (first.count(reasons), first.count("One.")) == (1, 1)


def test_a_version_that_could_not_be_compared_says_why() -> None:
    """And not that there is none before it."""
    made = clusters(2)
    identity = {"previous": None, "segments": [], "reasons": ["The package before reads other features."]}
    page = evaluation_page(Judged(made.manifest, Evaluation({}, {"kind": "clusters", "identity": identity})))
    assert "The package before reads other features." in page
    assert "named at birth" not in page


def test_a_training_on_a_sliding_window_is_made_again_with_it() -> None:
    """The command has the instant before which events were left out."""
    made = Judged(labels(2).manifest, Evaluation({}, {}), 7, "2017-06-01T00:00:00Z")
    assert made.reproduce.endswith("--as-of 2017-12-01T05:00:00Z --since 2017-06-01T00:00:00Z")


def test_what_is_counted_has_no_places_after_the_point(pages: dict[str, str]) -> None:
    """245 rows and 4 segments, not 245.0 and 4.0000."""
    assert "245.0" not in pages["labels"]
    assert "4.0000" not in pages["clusters"]


def test_what_a_segment_holds_and_how_far_it_is_ahead_have_intervals(pages: dict[str, str]) -> None:
    """On the page: precision and recall of each band, and the version beside each simpler way."""
    page = pages["labels"]
    assert "90.0% (70.0% to 95.0%)" in page
    assert "this version is ahead, ROC AUC" in page
    assert "0.011 (-0.009 to 0.031)" in page
