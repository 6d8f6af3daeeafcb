"""The LitServe server that a user writes for one model: one worker."""

import os

import joblib
import litserve
import numpy as np


class Forest(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.environ["MODEL_PATH"])

    def decode_request(self, request):
        return np.asarray(request["rows"])

    def predict(self, rows):
        return self.model.predict_proba(rows)

    def encode_response(self, probabilities):
        return {"probabilities": probabilities.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Forest(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
