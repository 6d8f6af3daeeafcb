"""The BentoML service that a user writes for one model of a table. `bentoml serve bentoml_server:Pipeline`"""

import os
from typing import Any, Dict, List

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Pipeline:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL_PATH"])

    @bentoml.api
    def predict(self, dataframe_split: Dict[str, Any]) -> Dict[str, List[List[float]]]:
        return {"probabilities": self.model.predict_proba(pd.DataFrame(**dataframe_split)).tolist()}
