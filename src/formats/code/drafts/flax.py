# /// script
# dependencies = ["flax", "jax", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

# Put the file with the class of the module that was trained beside this one.
from flax import serialization

from model import Net

FILE = "PATH"


class Predictor:
    def setup(self):
        with open(FILE, "rb") as file:
            weights = file.read()
        self.net = Net()
        self.state = serialization.msgpack_restore(weights)

    def predict(self, rows):
        # If the file has the weights under the name "params", pass self.state itself.
        return self.net.apply({"params": self.state}, rows).tolist()
