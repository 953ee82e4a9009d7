"""What a manager reads: what it is, whether it may be used and why, what was found, who the segments are."""

from __future__ import annotations

from typing import Final

from training.report.figures.bands import bands_picture
from training.report.figures.confusion import confusion_picture
from training.report.figures.levels import levels_picture
from training.report.figures.sizes import sizes_picture
from training.report.html import Html, code, joined, sentences, tag
from training.report.judged import Judged
from training.report.numbers import rounded
from training.report.picture import Picture, pictures
from training.report.style import mark
from training.units import with_unit

_SENTENCES: Final = 5
_DECISIONS: Final = {
    "accept": ("\u2713", "Accepted", "It may be released."),
    "hold": ("\u2016", "On hold", "A person should look before it is released."),
    "reject": ("\u2717", "Rejected", "It must not be released."),
}


def first_screen(judged: Judged) -> Html:
    """The head of the page."""
    manifest, window = judged.manifest, judged.manifest.data_window
    # The decision stands above them with its reasons.
    decided = f": {'; '.join(judged.details.get('decision_reasons', ()))}."
    found = [line for line in judged.evaluation.headline if not line.endswith(decided)]
    said = joined(tag("p", line) for line in found[:_SENTENCES])
    return joined(
        (
            tag("h1", manifest.segmenter),
            tag("p", manifest.description, class_="lead"),
            tag(
                "p",
                f"version {manifest.version}, by {manifest.algorithm}, trained on {window.first[:10]} to "
                f"{window.last[:10]}, as known at {window.as_of}",
                class_="meta",
            ),
            _decision(judged),
            tag(
                "div",
                tag("div", tag("div", said, class_="say"), _cards(judged)),
                pictures(_main_picture(judged)),
                class_="head",
            ),
            tag(
                "p",
                "Users nothing is known about get ",
                code(manifest.fallback_segment),
                ", marked as fallback.",
                class_="meta",
            ),
        )
    )


def _decision(judged: Judged) -> Html:
    decided = judged.details.get("decision")
    if decided is None:
        return Html("")
    sign, word, meaning = _DECISIONS.get(decided, ("?", str(decided), ""))
    reasons = sentences(judged.details.get("decision_reasons", ()))
    return tag(
        "div", tag("p", tag("span", sign, class_="sign"), tag("b", word), ". ", meaning), reasons,
        class_=f"decision {decided if decided in _DECISIONS else 'hold'}",
    )  # fmt: skip


def _main_picture(judged: Judged) -> Picture | None:
    details = judged.details
    if details.get("axes"):
        return levels_picture(details["axes"], judged.labels)
    if details.get("bands"):
        return bands_picture(details["bands"])
    if confusion := details.get("confusion"):
        return confusion_picture(confusion["matrix"], [judged.label(key) for key in confusion["classes"]])
    return sizes_picture(judged.sizes, judged.labels, details.get("noise")) if judged.sizes else None


def _cards(judged: Judged) -> Html:
    count = len(judged.manifest.vocabulary)
    # Two and four leave no row half empty in twos, all others fewer in threes.
    return tag(
        "div", *(_card(judged, place) for place in range(count)), class_="cards two" if count in (2, 4) else "cards"
    )


def _card(judged: Judged, place: int) -> Html:
    entry = judged.manifest.vocabulary[place]
    total = max(sum(judged.sizes.values()), 1)
    size = judged.sizes.get(entry.key)
    how_many = (
        ""
        if size is None
        else tag("p", tag("b", rounded(size / total)), " ", with_unit(f"{size:,}", "users"), class_="size")
    )
    return tag(
        "article", tag("h3", entry.label), how_many, tag("p", entry.description),
        tag("p", code(entry.key), class_="meta"),
        style=f"border-top-color:{mark(place).colour}",
    )  # fmt: skip
