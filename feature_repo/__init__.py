"""Feast definitions and plug-ins: the one room that speaks Feast, with training's reader.

`definitions/` says which features exist, `repository.py` is what `feast apply` reads, `online_store.py`,
`offline_store.py` and `engine.py` are the plug-ins that `feature_store.yaml` names. Nothing heavy is imported
by importing the package.
"""
