"""The FastAPI that a user writes for Keras on TensorFlow, at its best settings: one compiled call, uvloop, httptools, one worker, no access log."""

import os
from typing import List

import keras
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Request(BaseModel):
    instances: List[List[List[List[float]]]]


app = FastAPI()
model = keras.saving.load_model(os.environ["MODEL_PATH"], compile=False)


@app.post("/predict")
async def predict(body: Request):
    return {"predictions": model.predict_on_batch(np.array(body.instances, dtype=np.float32)).tolist()}


@app.get("/ping")
async def ping():
    return {}


uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
