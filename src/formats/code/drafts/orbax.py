# /// script
# dependencies = ["orbax-checkpoint", "flax", "jax", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import os

import orbax.checkpoint as ocp

# Put the file with the class of the module that was trained beside this one.
from model import Net

FILE = "PATH"


class Predictor:
    def setup(self):
        self.net = Net()
        self.state = ocp.StandardCheckpointer().restore(os.path.abspath(FILE))

    def predict(self, rows):
        return self.net.apply(self.state, rows).tolist()
