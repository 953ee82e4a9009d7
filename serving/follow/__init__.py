"""One Bento server for each version a release names of a segmenter: `strata bento follow`."""
