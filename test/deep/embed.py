"""embed.py FOLDER TEXTS: prints the vectors of the texts, a JSON list, as sentence-transformers makes them: the mean over the tokens, of length 1."""

import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer

folder = sys.argv[1]
tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
texts = json.loads(sys.argv[2])
given = tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
with torch.inference_mode():
    states = model(**given).last_hidden_state
mask = given["attention_mask"].unsqueeze(-1).float()
means = (states * mask).sum(1) / mask.sum(1)
print(json.dumps(torch.nn.functional.normalize(means).tolist()))
