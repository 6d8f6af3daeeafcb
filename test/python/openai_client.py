"""Calls a language model by OpenAI's own client: `python openai_client.py BASE_URL`. Prints the answers as JSON."""

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
asked = {"model": "chat", "max_output_tokens": 40, "temperature": 0}
response = client.responses.create(**asked, input="What is gravity? Answer in one sentence.")
with client.responses.stream(**asked, input="What is gravity? Answer in one sentence.") as stream:
    events = list(stream)
schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "maximum": 99}}, "required": ["name", "age"], "additionalProperties": False}
form = {"type": "json_schema", "name": "person", "schema": schema}
person = client.responses.create(**asked, input="The name and the age of a person.", text={"format": form})
several = client.chat.completions.create(model="gpt-4o-mini", messages=question, n=2, max_tokens=1)
try:
    client.responses.create(model="gpt-4o", input="Hello")
    unknown = None
except openai.NotFoundError as error:
    unknown = [error.status_code, error.code]
answers = {
    "models": [each.id for each in client.models.list()],
    "chat": chat.choices[0].message.content,
    "streamed": "".join(chunk.choices[0].text for chunk in chunks if chunk.choices),
    "usage": chunks[-1].usage.completion_tokens,
    "refused": refused,
    "response": response.output_text,
    "events": events[-1].type,
    "parsed": sorted(json.loads(person.output_text)),
    "choices": len(several.choices),
    "alias": several.model,
    "unknown": unknown,
}
print(json.dumps(answers))
