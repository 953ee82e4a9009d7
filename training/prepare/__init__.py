"""Raw features -> what an algorithm reads. All of it is fitted into the package: serving sends raw features."""
