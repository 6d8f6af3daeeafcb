"""Stands for the package mlflow, which is too large for these tests: what it does with an MLmodel, and no more."""
