"""A model server for Python frameworks: the Open Inference Protocol and MLflow's scoring requests over one loaded model."""

NAME = "slipway-python"
VERSION = "0.1.0"
