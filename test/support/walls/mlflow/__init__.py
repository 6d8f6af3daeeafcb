"""Stands for the package mlflow, which is too large for these tests: only the part that reads an MLmodel."""
