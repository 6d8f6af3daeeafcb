"""The BentoML service that a user writes for one model: one worker. `bentoml serve bentoml_server:Forest`"""

import os
from typing import Dict, List

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Forest:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL_PATH"])

    @bentoml.api
    def predict(self, rows: List[List[float]]) -> Dict[str, List[List[float]]]:
        return {"probabilities": self.model.predict_proba(np.asarray(rows)).tolist()}
