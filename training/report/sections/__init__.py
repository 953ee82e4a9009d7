"""Parts of the page, one a file: each gives its HTML, and nothing where the evaluation has nothing for it."""
