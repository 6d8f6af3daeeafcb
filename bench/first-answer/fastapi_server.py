"""The FastAPI that a user writes for one ONNX model, at its best settings: uvloop, httptools, one worker, no access log."""

import os
from typing import List

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Tensor(BaseModel):
    name: str
    shape: List[int]
    data: List[float]


class Request(BaseModel):
    inputs: List[Tensor]


app = FastAPI()
session = onnxruntime.InferenceSession(os.environ["MODEL_PATH"], providers=["CPUExecutionProvider"])


@app.post("/infer")
async def infer(body: Request):
    feeds = {each.name: np.array(each.data, dtype=np.float32).reshape(each.shape) for each in body.inputs}
    [found] = session.run(None, feeds)
    return {"outputs": [{"shape": list(found.shape), "data": found.ravel().tolist()}]}


uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
