"""The FastAPI that a user writes for one model, at its best settings: uvloop, httptools, one worker, no access log."""

import os
from typing import List

import numpy as np
import uvicorn
from fastapi import FastAPI
from model import TAKES_COLUMNS, load
from pydantic import BaseModel


class Visitor(BaseModel):
    age: float
    income: float
    rooms: float
    distance: float
    visits: float
    score: float
    city: str
    plan: str


class Table(BaseModel):
    rows: List[Visitor]


class Matrix(BaseModel):
    rows: List[List[float]]


class Answer(BaseModel):
    labels: List[int]
    probabilities: List[List[float]]


app = FastAPI()
predict = load()


def answer(rows) -> Answer:
    probabilities = predict(rows)
    return Answer(labels=probabilities.argmax(axis=1).tolist(), probabilities=probabilities.tolist())


# The model runs on the event loop: handing a request to a thread and back costs more than most of these answers.
if TAKES_COLUMNS:
    import pandas as pd

    @app.post("/predict")
    async def of_table(body: Table) -> Answer:
        return answer(pd.DataFrame([row.model_dump() for row in body.rows]))

else:

    @app.post("/predict")
    async def of_matrix(body: Matrix) -> Answer:
        return answer(np.array(body.rows))


uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
