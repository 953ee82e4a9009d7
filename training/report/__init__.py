"""The evaluation page: what a person looks at before trusting a version."""
