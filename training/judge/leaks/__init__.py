"""Whether a model could have known at training what it cannot know online: one check a file, each with a sentence."""
