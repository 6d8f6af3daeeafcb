# /// script
# dependencies = ["transformers", "torch"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

from handler import EndpointHandler

FILE = "PATH"


class Predictor:
    def setup(self):
        self.handler = EndpointHandler(FILE)

    def predict(self, inputs, parameters=None):
        asked = {"parameters": parameters} if parameters else {}
        return self.handler({"inputs": inputs, **asked})
