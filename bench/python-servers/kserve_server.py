"""The same model behind KServe's server, by a small Model class: one worker, no gRPC, no line in the log for a request."""

import os

from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from kserve.utils.utils import generate_uuid
from model import TAKES_COLUMNS, load


class Served(Model):
    def load(self):
        self.answer = load()
        self.ready = True
        return self.ready

    def predict(self, payload: InferRequest, headers=None, response_headers=None) -> InferResponse:
        rows = payload.as_dataframe() if TAKES_COLUMNS else payload.inputs[0].as_numpy()
        probabilities = self.answer(rows)
        return InferResponse(
            payload.id or generate_uuid(),
            self.name,
            [
                output("label", "INT64", probabilities.argmax(axis=1)),
                output("probabilities", "FP64", probabilities.astype(float)),
            ],
        )


def output(name, datatype, values):
    told = InferOutput(name, list(values.shape), datatype)
    told.set_data_from_numpy(values, binary_data=False)
    return told


model = Served("m")
model.load()
ModelServer(http_port=int(os.environ["PORT"]), workers=1, enable_grpc=False, enable_latency_logging=False).start([model])
