"""One report: which version, what its log holds, what drifted, and the pages that say so. Read run.py first."""
