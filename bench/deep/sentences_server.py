"""The FastAPI that a user writes for sentence-transformers, at its best settings: uvloop, httptools, one worker, no access log."""

import os
from typing import List

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer


class Request(BaseModel):
    texts: List[str]


app = FastAPI()
model = SentenceTransformer(os.environ["MODEL_PATH"], device="cpu")


@app.post("/embed")
async def embed(body: Request):
    return {"vectors": model.encode(body.texts, show_progress_bar=False).tolist()}


@app.get("/ping")
async def ping():
    return {}


uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
