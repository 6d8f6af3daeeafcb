"""Asks a language model by OpenAI's own client: `python openai_client.py BASE_URL`. Writes what it was answered as JSON."""

import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
question = [{"role": "user", "content": "What is gravity? Answer in one sentence."}]
chat = client.chat.completions.create(model="chat", messages=question, max_tokens=40, temperature=0)
asked = {"model": "chat", "prompt": "The capital of France is", "max_tokens": 4, "temperature": 0}
chunks = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
try:
    client.chat.completions.create(model="chat", messages=[])
    refused = None
except openai.APIStatusError as error:
    refused = [error.status_code, error.message]
answers = {
    "models": [each.id for each in client.models.list()],
    "chat": chat.choices[0].message.content,
    "streamed": "".join(chunk.choices[0].text for chunk in chunks if chunk.choices),
    "usage": chunks[-1].usage.completion_tokens,
    "refused": refused,
}
print(json.dumps(answers))
