"""The FastAPI that a user writes for a decoder of transformers, at its best settings: uvloop, httptools, one worker, no access log."""

import os

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForCausalLM, AutoTokenizer


class Request(BaseModel):
    prompt: str
    max_tokens: int


app = FastAPI()
tokenizer = AutoTokenizer.from_pretrained(os.environ["MODEL_PATH"])
model = AutoModelForCausalLM.from_pretrained(os.environ["MODEL_PATH"]).eval()


@app.post("/complete")
async def complete(body: Request):
    given = tokenizer(body.prompt, return_tensors="pt")
    with torch.inference_mode():
        [made] = model.generate(given["input_ids"], attention_mask=given["attention_mask"], max_new_tokens=body.max_tokens, do_sample=False)
    return {"text": tokenizer.decode(made[given["input_ids"].shape[1] :], skip_special_tokens=True)}


@app.get("/ping")
async def ping():
    return {}


uvicorn.run(app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning")
