// Calls a language model by OpenAI's own client, as openai_client.py does: `node openai-client.mjs FOLDER BASE_URL`. Prints the answers as JSON.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, baseURL] = process.argv;
const { resolve } = createRequire(join(folder, 'package.json'));
const { default: OpenAI } = await import(pathToFileURL(resolve('openai')).href);

const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });
const messages = [{ role: 'user', content: 'What is gravity? Answer in one sentence.' }];
const chat = await client.chat.completions.create({
  model: 'chat',
  messages,
  max_tokens: 40,
  temperature: 0,
});
const stream = await client.completions.create({
  model: 'chat',
  prompt: 'The capital of France is',
  max_tokens: 4,
  temperature: 0,
  stream: true,
  stream_options: { include_usage: true },
});
const chunks = await Array.fromAsync(stream);
const refused = await client.chat.completions.create({ model: 'chat', messages: [] }).then(
  () => null,
  ({ status, message }) => [status, message],
);
const asked = { model: 'chat', max_output_tokens: 40, temperature: 0 };
const input = 'What is gravity? Answer in one sentence.';
const response = await client.responses.create({ ...asked, input });
const events = await Array.fromAsync(client.responses.stream({ ...asked, input }));
const schema = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 12 }, age: { type: 'integer', maximum: 99 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const person = await client.responses.create({
  ...asked,
  input: 'The name and the age of a person.',
  text: { format: { type: 'json_schema', name: 'person', schema } },
});
const several = await client.chat.completions.create({
  model: 'gpt-4o-mini',
  messages,
  n: 2,
  max_tokens: 1,
});
const unknown = await client.responses.create({ model: 'gpt-4o', input: 'Hello' }).then(
  () => null,
  ({ status, code }) => [status, code],
);
const models = await Array.fromAsync(client.models.list());
const answers = {
  models: models.map(({ id }) => id),
  chat: chat.choices[0].message.content,
  streamed: chunks.map(({ choices }) => choices[0]?.text ?? '').join(''),
  usage: chunks.at(-1).usage.completion_tokens,
  refused,
  response: response.output_text,
  events: events.at(-1).type,
  parsed: Object.keys(JSON.parse(person.output_text)).toSorted(),
  choices: several.choices.length,
  alias: several.model,
  unknown,
};
process.stdout.write(`${JSON.stringify(answers)}\n`);
