# /// script
# dependencies = ["paddlepaddle", "numpy"]
# ///
"""Answers for WHAT: setup runs once, and predict is given the body of each request."""

import glob

import numpy as np
from paddle import inference

FILE = "PATH"


class Predictor:
    def setup(self):
        graph = (glob.glob(f"{FILE}/*.pdmodel") + glob.glob(f"{FILE}/inference.json"))[0]
        self.model = inference.create_predictor(inference.Config(graph, glob.glob(f"{FILE}/*.pdiparams")[0]))

    def predict(self, rows):
        handle = self.model.get_input_handle(self.model.get_input_names()[0])
        handle.copy_from_cpu(np.asarray(rows, "float32"))
        self.model.run()
        names = self.model.get_output_names()
        return {name: self.model.get_output_handle(name).copy_to_cpu().tolist() for name in names}
