# /// script
# dependencies = []
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

FILE = "PATH"


class Predictor:
    def setup(self):
        # Load the model here, as in the code that made it.
        with open(FILE, "rb") as file:
            self.model = file.read()

    def predict(self, rows):
        raise NotImplementedError("answer with what the model makes of these rows")
