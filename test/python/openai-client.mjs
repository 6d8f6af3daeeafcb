// Asks a language model by OpenAI's own client, as openai_client.py does: `node openai-client.mjs FOLDER BASE_URL`. Writes what it was answered as JSON.
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
const models = await Array.fromAsync(client.models.list());
const answers = {
  models: models.map(({ id }) => id),
  chat: chat.choices[0].message.content,
  streamed: chunks.map(({ choices }) => choices[0]?.text ?? '').join(''),
  usage: chunks.at(-1).usage.completion_tokens,
  refused,
};
process.stdout.write(`${JSON.stringify(answers)}\n`);
