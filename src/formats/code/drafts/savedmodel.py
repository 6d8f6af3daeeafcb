# /// script
# dependencies = ["tensorflow-cpu"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import tensorflow as tf

FILE = "PATH"


class Predictor:
    def setup(self):
        self.loaded = tf.saved_model.load(FILE)
        self.answer = self.loaded.signatures["serving_default"]

    def predict(self, rows):
        [name] = self.answer.structured_input_signature[1]
        answers = self.answer(**{name: tf.constant(rows, tf.float32)})
        return {name: value.numpy().tolist() for name, value in answers.items()}
