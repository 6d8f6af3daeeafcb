"""The LitServe server that a user writes for one model of a table."""

import os

import joblib
import litserve
import pandas as pd


class Pipeline(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load(os.environ["MODEL_PATH"])

    def decode_request(self, request):
        return pd.DataFrame(**request["dataframe_split"])

    def predict(self, table):
        return self.model.predict_proba(table)

    def encode_response(self, probabilities):
        return {"probabilities": probabilities.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Pipeline(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
