import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { APART } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';
import { eventually } from '../../support/clock/eventually.ts';
import {
  smollm,
  vocabularyOf,
  withChatTemplate,
  withTokensExchanged,
} from '../../support/models/smollm.ts';
import { tinyLlama } from '../../support/models/tiny-llama.ts';
import { type ModelServer, modelFolder, startModel, stopServers } from '../model-server.ts';
import { compiledPythonWith } from '../python-environment.ts';
import { onPython } from '../python-runtime.ts';
import type { Env, Runtime } from '../runtime.ts';

const CHAT =
  "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";

const weights = await smollm();
const python = await compiledPythonWith(
  'requirements.txt',
  'numpy.txt',
  '../../test/runtimes/llama-requirements.txt',
);

if (typeof weights === 'object') {
  it.skip(`a server of a language model: ${weights.missing}`, () => undefined);
} else if (typeof python === 'object') {
  it.skip(`a server of a language model: ${python.missing}`, () => undefined);
} else {
  await onPython((runtime) =>
    describeServer({ ...runtime, command: [python, '-m', 'slipway_server'] }, weights),
  );
}

function describeServer(runtime: Runtime, path: string): void {
  const own: ModelServer[] = [];
  afterEach(() => {
    for (const { child } of own.splice(0)) child.kill('SIGKILL');
  });
  afterAll(stopServers);

  const loaded = async (env: Env = {}) => {
    const language = {
      task: 'generate',
      contextTokens: 512,
      requestsAtOnce: 2,
      hasChatTemplate: true,
    };
    const folder = await modelFolder({
      'facts.json': JSON.stringify({ format: 'gguf', listens: true, language }),
    });
    return startModel(runtime, { MODEL_PATH: path, MODEL_FACTS: `${folder}/facts.json`, ...env });
  };
  /** A server for this test alone, of weights that load in a moment unless others are given. */
  const started = async (env: Env = {}) => {
    const folder = await modelFolder({ 'm.gguf': tinyLlama() });
    const server = await loaded({ MODEL_PATH: join(folder, 'm.gguf'), ...env });
    own.push(server);
    return server;
  };
  // A server loads its weights for two seconds: all tests that only ask it have the same one.
  let usual: Promise<ModelServer> | undefined;
  const shared = () => {
    usual ??= loaded();
    return usual;
  };

  it('answers as many requests side by side as it is told, and the next one after these', async () => {
    const { url } = await shared();
    const order: number[] = [];
    const ask = async (number: number) => {
      const response = await streamed(url, 16);
      for await (const _ of response.body ?? []) order.push(number);
    };

    await Promise.all([ask(0), ask(1), ask(2)]);

    const first = (number: number) => order.indexOf(number);
    const last = (number: number) => order.lastIndexOf(number);
    const [one, other, third] = [0, 1, 2].toSorted((a, b) => first(a) - first(b));
    expect(first(other ?? 0)).toBeLessThan(last(one ?? 0));
    expect(first(third ?? 0)).toBeGreaterThan(Math.min(last(one ?? 0), last(other ?? 0)));
  });

  it('gives a command that asks it as its own API is asked', async () => {
    const server = await shared();

    const { curl } = (await server.get('/')).json;

    expect(curl).toContain(` ${server.url}/v1/chat/completions -H`);
    expect(curl).toContain('{"messages":[{"role":"user","content":"Once upon a time"}]}');
  });

  it.each([
    {
      what: 'more answers than OpenAI gives',
      asked: { n: 129 },
      says: 'n is 129; it takes a whole number from 1 to 128',
    },
    {
      what: 'no token',
      asked: { max_tokens: 0 },
      says: 'max_tokens is 0; it takes a whole number from 1',
    },
    {
      what: 'its own text again',
      asked: { echo: true },
      says: 'echo is true, which this server does not do',
    },
    {
      what: 'a text between two',
      asked: { suffix: ' end' },
      says: 'suffix is " end", which this server does not do',
    },
    {
      what: 'the best of several',
      asked: { best_of: 2 },
      says: 'best_of is 2, which this server does not do',
    },
    {
      what: 'a temperature in words',
      asked: { temperature: 'hot' },
      says: 'temperature is "hot"; it takes a number',
    },
  ])('refuses a request for $what, and says so', async ({ asked, says }) => {
    const { post } = await shared();

    const { status, json } = await post('/v1/completions', { prompt: 'Once', ...asked });

    expect(status).toBe(400);
    expect(json.error.message).toContain(says);
  });

  it('answers as often as it is asked to, and takes what is null for what is left out', async () => {
    const { post } = await shared();
    const asked = { max_tokens: 4, temperature: null, seed: 1, echo: false, suffix: null };
    const prompts = ['Once', 'The capital of France is'];

    const { json } = await post('/v1/completions', { prompt: 'Once', n: 3, ...asked });
    const several = await post('/v1/completions', { prompt: prompts, n: 3, ...asked });

    const texts = json.choices.map(({ text }: { text: string }) => text);
    expect(indexesOf(json)).toEqual([0, 1, 2]);
    expect(new Set(texts).size).toBe(3);
    expect(json.usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 12 });
    expect(indexesOf(several.json)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(several.json.choices.slice(0, 3).map(({ text }: { text: string }) => text)).toEqual(
      texts,
    );
    expect(several.json.usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 24 });
  });

  it('streams more answers than it makes at once as those of one request', async () => {
    const { url } = await shared();
    const asked = { messages: [{ role: 'user', content: 'Hi' }], n: 3, max_tokens: 3 };

    const chunks = await streamedFrom(url, '/v1/chat/completions', {
      ...asked,
      stream_options: { include_usage: true },
    });

    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    const seen = new Set(
      chunks.flatMap(({ choices }) => choices.map(({ index }: { index: number }) => index)),
    );
    expect([...seen].toSorted()).toEqual([0, 1, 2]);
    expect(chunks.flatMap(({ usage }) => usage ?? [])).toEqual([
      expect.objectContaining({ prompt_tokens: 31, completion_tokens: 9 }),
    ]);
  });

  it('is asked for by its name or an alias, and knows no other, as vLLM', async () => {
    const { post, get } = await started({ MODEL_ALIASES: 'gpt-4o,org/model' });
    const asked = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 };

    const statuses = [];
    for (const model of [undefined, null, '', 'm', 'gpt-4o', 'org/model']) {
      statuses.push((await post('/v1/chat/completions', { ...asked, model })).status);
    }
    const other = await post('/v1/chat/completions', { ...asked, model: 'gpt-5' });
    const completed = await post('/v1/completions', { prompt: 'a', model: 'gpt-5' });
    const listed = await get('/v1/models');
    const [alias, unknown] = [await get('/v1/models/org/model'), await get('/v1/models/gpt-5')];

    expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
    expect(other).toMatchObject({
      status: 404,
      json: {
        error: {
          message: expect.stringMatching(/^The model `gpt-5` does not exist\..*server\.aliases/),
          type: 'invalid_request_error',
          param: 'model',
          code: 'model_not_found',
        },
      },
    });
    expect(completed.status).toBe(404);
    expect(listed.json.data.map(({ id }: { id: string }) => id)).toEqual([
      'm',
      'gpt-4o',
      'org/model',
    ]);
    expect(alias.json).toMatchObject({ id: 'org/model', object: 'model' });
    expect(unknown.json.error.code).toBe('model_not_found');
  });

  it('answers JSON by a schema, and refuses a form without one', async () => {
    const { post } = await shared();
    const messages = [{ role: 'user', content: 'The name and the age of a person, as JSON.' }];
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 12 },
        age: { type: 'integer', maximum: 99 },
      },
      required: ['name', 'age'],
      additionalProperties: false,
    };
    const form = { type: 'json_schema', json_schema: { name: 'person', schema } };

    const { json } = await post('/v1/chat/completions', { messages, response_format: form });
    const missing = await post('/v1/chat/completions', {
      messages,
      response_format: { type: 'json_schema' },
    });

    expect(JSON.parse(json.choices[0].message.content)).toEqual({
      name: expect.any(String),
      age: expect.any(Number),
    });
    expect(missing.json.error).toMatchObject({ param: 'response_format' });
  });

  it.each([
    { what: 'functions', value: [{ name: 'f' }], says: 'use tools' },
    { what: 'web_search_options', value: {}, says: 'which this server does not do' },
    { what: 'modalities', value: ['text', 'audio'], says: 'which this server does not do' },
    { what: 'store', value: true, says: 'which this server does not do' },
    { what: 'tool_choice', value: 'required', says: 'there are no tools' },
    { what: 'seed', value: 'x', says: 'it takes a whole number' },
    { what: 'response_format', value: { type: 'xml' }, says: 'json_schema' },
    { what: 'top_logprobs', value: 'many', says: 'it takes a whole number from 0 to 20' },
    { what: 'top_logprobs', value: 21, says: 'it takes a whole number from 0 to 20' },
  ])('refuses a conversation with $what, and names it', async ({ what, value, says }) => {
    const { post } = await shared();
    const messages = [{ role: 'user', content: 'Hi' }];

    const { status, json } = await post('/v1/chat/completions', {
      ...{ messages, logprobs: true },
      [what]: value,
    });

    expect(status).toBe(400);
    expect(json.error).toMatchObject({ message: expect.stringContaining(says), param: what });
  });

  it.each([
    ['required', 'required'],
    ['one by its name', { type: 'function', function: { name: 'weather' } }],
  ])(
    'refuses to have a tool called, %s, where llama.cpp would let the model answer otherwise',
    async (_, choice) => {
      const folder = await modelFolder({
        'm.gguf': tinyLlama({ chatTemplate: `{{ tools | tojson if tools else '' }}${CHAT}` }),
      });
      const { post } = await started({ MODEL_PATH: join(folder, 'm.gguf') });
      const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }];
      const messages = [{ role: 'user', content: 'Weather in Paris?' }];
      const asked = { messages, tools, max_tokens: 4 };

      const auto = await post('/v1/chat/completions', asked);
      const { status, json } = await post('/v1/chat/completions', {
        ...asked,
        tool_choice: choice,
      });

      expect(auto.status).toBe(200);
      expect({ status, error: json.error }).toMatchObject({
        status: 400,
        error: { message: expect.stringContaining('send auto'), param: 'tool_choice' },
      });
    },
  );

  it('gives the log-probabilities of a conversation, with others where they are asked for', async () => {
    const { post } = await shared();
    const asked = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1, logprobs: true };

    const bare = await post('/v1/chat/completions', asked);
    const others = await post('/v1/chat/completions', { ...asked, top_logprobs: 2 });

    expect(bare.json.choices[0].logprobs.content).toEqual([
      expect.objectContaining({ logprob: expect.any(Number), top_logprobs: [] }),
    ]);
    expect(others.json.choices[0].logprobs.content[0].top_logprobs).toHaveLength(2);
  });

  it('says how likely an answer is, to Slipway alone', async () => {
    const { post } = await shared();
    const messages = [{ role: 'user', content: 'What is gravity?' }];
    const asked = { messages, max_tokens: 6, temperature: 0, logprobs: true };
    const chat = await post('/v1/chat/completions', asked);
    const [{ message, logprobs }] = chat.json.choices;
    const own = { 'x-slipway-own': '1' };
    const score = async (body: object, headers: Readonly<Record<string, string>> = own) =>
      post('/slipway/score', body, headers);

    const written = await score({ messages, answer: message.content });
    const other = await score({ messages, answer: 'Größe "🙂"\n ☃ {x}' });
    const begun = await score({ prompt: 'Once upon', answer: ' a time' });
    const unlikely = await score({ prompt: 'Once upon', answer: ' zq%\\' });

    const sum = (logprobs.content as readonly { logprob: number }[]).reduce(
      (all, each) => all + each.logprob,
      0,
    );
    expect(written.json).toEqual({
      logprob: expect.closeTo(sum, 2),
      tokens: 6,
      prompt_tokens: chat.json.usage.prompt_tokens,
    });
    expect(other.json.logprob).toBeLessThan(4 * sum);
    expect(begun.json).toMatchObject({ tokens: 2, prompt_tokens: 2 });
    expect(unlikely.json.logprob).toBeLessThan(begun.json.logprob - 10);
    for (const headers of [{}, { 'x-slipway-own': '0' }] as const) {
      const { status, text } = await score({ messages, answer: 'a' }, headers);
      expect({ status, text }).toEqual({
        status: 404,
        text: expect.stringContaining('there is no /slipway/score here'),
      });
    }
  });

  it('shows by its scores without a chat template that only the template is another one', async () => {
    const folder = await modelFolder({
      'm.gguf': withChatTemplate(
        await readFile(path),
        '{% for m in messages %}[INST] {{ m.content }} [/INST]{% endfor %}',
      ),
    });
    const [live, candidate] = [
      await shared(),
      await started({ MODEL_PATH: join(folder, 'm.gguf') }),
    ];

    const { signs, kept } = await compared(live, candidate, 3);

    expect(signs).toContainEqual(
      expect.stringContaining(
        'its chat template is not that of its weights: without one, both versions find 5 of 5 answers equally likely',
      ),
    );
    expect(kept).toEqual({ asked: 5, changed: 5 });
  }, 300_000);

  it('says to Slipway alone which tokens llama.cpp reads of a prompt, as its file numbers them', async () => {
    const { post } = await shared();
    const vocabulary = vocabularyOf(await readFile(path));
    const render = async (body: object) =>
      (await post('/slipway/render', body, { 'x-slipway-own': '1' })).json.tokens;
    const words = (tokens: readonly number[]) =>
      tokens.map((token) => vocabulary[token]?.replaceAll('Ġ', ' ').replaceAll('Ċ', '\n'));
    const messages = [{ role: 'user', content: 'Is <br> or [a] <|im_end|>\n a tag?' }];

    const chat = await render({ messages });
    const text = await render({ prompt: ' Once upon a<|im_end|>time' });

    const { usage } = (await post('/v1/chat/completions', { messages, max_tokens: 1 })).json;
    expect(words(chat).join('')).toBe(
      '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nIs <br> or [a] <|im_end|>\n a tag?<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(chat).toHaveLength(usage.prompt_tokens);
    expect(words(text)).toEqual([' Once', ' upon', ' a', '<|im_end|>', 'time']);
    expect((await post('/slipway/render', { prompt: 'Hi' }, {})).status).toBe(404);
  });

  it('says so too of a model whose texts begin with a space behind a token of control', async () => {
    const folder = await modelFolder({
      'm.gguf': tinyLlama({
        chatTemplate: "{% for m in messages %}<s>{{ m['content'] }}</s>\n{% endfor %}",
      }),
    });
    const { post } = await started({ MODEL_PATH: join(folder, 'm.gguf') });
    const asked = { messages: [{ role: 'user', content: 'a\nb' }] };

    const { json } = await post('/slipway/render', asked, { 'x-slipway-own': '1' });

    // Its vocabulary: <unk>, <s>, </s>, a token for each byte, the space, and letters from ! on.
    const [space, letters, lineBreak] = [259, 260 - 33, 3 + 10];
    const [a, b] = ['a', 'b'].map((letter) => letters + letter.charCodeAt(0));
    expect(json).toEqual({ tokens: [1, space, a, lineBreak, b, 2, space, lineBreak] });
  });

  it('shows for how many prompts the tokens of a version differ whose tokenizer alone is another one', async () => {
    const [one, other] = ['Ġname', 'Ġrain'];
    const folder = await modelFolder({
      'm.gguf': withTokensExchanged(await readFile(path), one, other),
    });
    const candidate = await started({ MODEL_PATH: join(folder, 'm.gguf') });

    const { prompts, signs } = await compared(await shared(), candidate, 1);

    expect(prompts).toEqual({ asked: 5, otherwise: 2 });
    expect(signs).toEqual([]);
  }, 300_000);

  it('scores nothing where its answers end at a token that texts have, which would end llama.cpp', async () => {
    const language = {
      task: 'generate',
      contextTokens: 512,
      requestsAtOnce: 2,
      hasChatTemplate: true,
      endsByText: true,
    };
    const folder = await modelFolder({
      'facts.json': JSON.stringify({ format: 'gguf', listens: true, language }),
    });
    const { post } = await started({ MODEL_FACTS: `${folder}/facts.json` });

    const asked = { prompt: 'Hi', answer: 'a.' };
    const { status, json } = await post('/slipway/score', asked, { 'x-slipway-own': '1' });

    expect({ status, error: json.error }).toEqual({
      status: 400,
      error: expect.stringContaining('a token that texts have too'),
    });
  });

  it('knows in an account by what AWS says whether Slipway itself asks for a score', async () => {
    const status = async (
      env: Readonly<Record<string, string>>,
      ...given: readonly Readonly<Record<string, string>>[]
    ) => {
      const { post } = await started(env);
      const answers = given.map((headers) => post('/slipway/score', {}, headers));
      return (await Promise.all(answers)).map((answer) => answer.status);
    };
    const from = (sourceIp: string) => ({
      'x-amzn-request-context': JSON.stringify({ identity: { sourceIp } }),
      'x-slipway-own': '1',
    });

    const inFunction = await status(
      { AWS_LAMBDA_FUNCTION_NAME: 'm' },
      from('127.0.0.1'),
      from('203.0.113.7'),
      { 'x-slipway-own': '1' },
    );
    const inContainer = await status(
      { SLIPWAY_DEPLOYMENT: 'd1' },
      {},
      { 'x-slipway-domain': 'api.example', 'x-slipway-own': '1' },
    );

    // The body is none that can be scored.
    expect(inFunction).toEqual([400, 404, 404]);
    expect(inContainer).toEqual([400, 404]);
  });

  it('refuses to score what is no answer to a prompt, or does not fit into its context', async () => {
    // A token each letter.
    const { post } = await started();
    const [nearly, long] = ['n'.repeat(490), 'n'.repeat(600)];
    const cases: readonly (readonly [object, string])[] = [
      [{ messages: [{ role: 'user', content: 'Hi' }] }, 'answer is '],
      [{ prompt: 'Hi', answer: '' }, 'it takes a text of 1 to 2000 letters'],
      [{ prompt: 'Hi', answer: 'a'.repeat(2001) }, 'it takes a text of 1 to 2000 letters'],
      [{ answer: 'a' }, 'takes messages or a prompt'],
      [{ messages: ['Hi'], answer: 'a' }, 'takes messages or a prompt'],
      [{ prompt: nearly, answer: nearly }, 'does not fit into the context'],
      [{ prompt: long, answer: 'a' }, 'the prompt has '],
    ];

    for (const [body, says] of cases) {
      const { status, text } = await post('/slipway/score', body, { 'x-slipway-own': '1' });

      expect({ status, text }).toEqual({ status: 400, text: expect.stringContaining(says) });
    }
  });

  it('answers by the Responses API, also of a conversation with its instructions', async () => {
    const { post } = await shared();
    const asked = { max_output_tokens: 4, temperature: 0 };
    const messages = [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'What is gravity?' },
    ];

    const { json } = await post('/v1/responses', {
      ...asked,
      instructions: 'Be brief',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'What is gravity?' }] }],
    });
    const chat = await post('/v1/chat/completions', { messages, max_tokens: 4, temperature: 0 });

    const { content } = chat.json.choices[0].message;
    expect(json).toMatchObject({
      object: 'response',
      model: 'm',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ type: 'message', content: [{ type: 'output_text', text: content }] }],
      usage: { input_tokens: chat.json.usage.prompt_tokens, output_tokens: 4 },
      store: false,
    });
  });

  it('streams the events of the Responses API, numbered, with the response as it stands', async () => {
    const { url } = await shared();

    const told = await streamedFrom(url, '/v1/responses', { input: 'Hi', max_output_tokens: 2 });

    const delta = 'response.output_text.delta';
    expect(told.map(({ type }) => type)).toEqual([
      ...['response.created', 'response.in_progress', 'response.output_item.added'],
      ...['response.content_part.added', delta, delta, 'response.output_text.done'],
      ...['response.content_part.done', 'response.output_item.done', 'response.incomplete'],
    ]);
    expect(told.map(({ sequence_number }) => sequence_number)).toEqual(told.map((_, at) => at));
    const text = told.map((each) => (each.type === delta ? each.delta : '')).join('');
    expect(told.at(-1)?.response.output[0].content[0].text).toBe(text);
  });

  it.each([
    { what: 'previous_response_id', value: 'resp_1', says: 'nothing is stored here' },
    { what: 'background', value: true, says: 'which this server does not do' },
    { what: 'tools', value: [{ type: 'web_search' }], says: 'tools has "web_search"' },
    { what: 'foo', value: 1, says: "Unknown parameter: 'foo'." },
    { what: 'input', value: [{ type: 'item_reference', id: 'x' }], says: 'item_reference' },
    { what: 'include', value: ['file_search_call.results'], says: 'include has' },
  ])('refuses $what in the Responses API, and names it', async ({ what, value, says }) => {
    const { post } = await shared();

    const { status, json } = await post('/v1/responses', { input: 'Hi', [what]: value });

    expect(status).toBe(400);
    expect(json.error).toMatchObject({ message: expect.stringContaining(says), param: what });
  });

  it('names a prompt that is longer than its context as clients know it', async () => {
    const { post } = await shared();

    const { status, json } = await post('/v1/completions', { prompt: 'word '.repeat(600) });

    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      message: expect.stringMatching(
        /^the prompt has 60\d tokens; .* 512 together, .*runtime\.contextTokens/,
      ),
      code: 'context_length_exceeded',
    });
  });

  it('lists the log-probabilities of a completion by token, with the place of each in the text', async () => {
    const { post, url } = await shared();
    const asked = { prompt: 'Once upon a', max_tokens: 4, temperature: 0, logprobs: 2 };

    const whole = await post('/v1/completions', asked);
    const pieces = await fetch(`${url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...asked, stream: true }),
    });

    const [{ text, logprobs }] = whole.json.choices;
    const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs;
    expect(tokens).toHaveLength(4);
    expect(tokens.join('')).toBe(text);
    const places = tokens.map((_: string, at: number) => tokens.slice(0, at).join('').length);
    expect(text_offset).toEqual(places);
    expect(token_logprobs).toEqual(
      tokens.map((token: string, at: number) => top_logprobs[at][token]),
    );
    expect(offsetsIn(await pieces.text())).toEqual(places);
  });

  it('refuses tools where its chat template would not tell the model of them', async () => {
    const { post } = await shared();
    const [messages, tools] = [
      [{ role: 'user', content: 'The weather in Rome?' }],
      [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    ];

    const refused = await post('/v1/chat/completions', { messages, tools, max_tokens: 4 });
    const answered = await post('/v1/chat/completions', {
      ...{ messages, tools, max_tokens: 4 },
      tool_choice: 'none',
    });

    expect(refused).toMatchObject({ status: 400 });
    expect(refused.json.error.message).toContain("tools are not in the model's chat template");
    expect(answered).toMatchObject({ status: 200 });
  });

  it.each([
    {
      method: 'GET',
      path: '/v1/responses/resp_1',
      status: 404,
      says: 'there is no /v1/responses/resp_1 here',
    },
    { method: 'GET', path: '/completions', status: 405, says: 'takes POST, not GET' },
    { method: 'GET', path: '/v1/chat/completions', status: 405, says: 'takes POST, not GET' },
  ])('says of $path in words that its clients show why it is not answered', async (asked) => {
    const { url } = await shared();
    const { method, path, status, says } = asked;

    const response = await fetch(`${url}${path}`, { method });

    expect(response.status).toBe(status);
    const { error } = JSON.parse(await response.text());
    expect(error.message).toContain(says);
  });

  it.each([
    {
      of: 'a function, whose client claims another key',
      env: { AWS_LAMBDA_FUNCTION_NAME: 'f', SLIPWAY_DEPLOYMENT: 'd1' },
      mark: { Deployment: 'd1' },
      key: {
        'x-amzn-request-context': '{"identity":{"apiKeyId":"k-1"}}',
        'x-slipway-key-id': 'k-2',
      },
      by: { ApiKeyId: 'k-1' },
    },
    {
      of: 'a function, whose client alone names a key',
      env: { AWS_LAMBDA_FUNCTION_NAME: 'f' },
      mark: {},
      key: { 'x-slipway-key-id': 'k-2' },
      by: {},
    },
    {
      of: 'a container, whose client claims another key',
      env: {},
      mark: {},
      key: {
        'x-amzn-request-context': '{"identity":{"apiKeyId":"k-2"}}',
        'x-slipway-key-id': 'k-1',
      },
      by: { ApiKeyId: 'k-1' },
    },
    {
      of: 'a container, whose client alone names a key',
      env: {},
      mark: {},
      key: { 'x-amzn-request-context': '{"identity":{"apiKeyId":"k-2"}}' },
      by: {},
    },
  ])(
    'tells in the log of $of what each answer took, and by which key, as metrics of CloudWatch',
    async ({ key, env, mark, by }) => {
      const { url, child } = await started(env);
      let log = '';
      child.stdout?.on('data', (bytes) => {
        log += bytes;
      });

      await fetch(`${url}/v1/completions`, { method: 'POST', body: '{}' });
      const response = await streamed(url, 16, {
        ...key,
        'x-request-id': 'r-1',
      });
      await response.text();
      await eventually(() => log.includes('_aws'));

      const [told, ...others] = log.split('\n').filter((line) => line.startsWith('{"_aws":'));
      const { _aws, ...values } = JSON.parse(told ?? '');
      expect(others).toEqual([]);
      expect(_aws).toEqual({
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Slipway',
            Dimensions: [['Model', 'Revision']],
            Metrics: [
              { Name: 'TokensIn', Unit: 'Count' },
              { Name: 'TokensOut', Unit: 'Count' },
              { Name: 'TimeToFirstToken', Unit: 'Milliseconds' },
              { Name: 'TokensPerSecond', Unit: 'Count/Second' },
            ],
          },
          // The metric that Slipway judges by, marked with a dimension that no other model knows.
          ...Object.keys(mark).map((name) => ({
            Namespace: 'Slipway',
            Dimensions: [['Model', 'Revision', name]],
            Metrics: [{ Name: 'TokensPerSecond', Unit: 'Count/Second' }],
          })),
        ],
      });
      expect(values).toEqual({
        Model: expect.any(String),
        Revision: expect.any(String),
        ...mark,
        TokensIn: expect.any(Number),
        TokensOut: 16,
        TimeToFirstToken: expect.any(Number),
        TokensPerSecond: expect.any(Number),
        ...by,
        RequestId: 'r-1',
      });
    },
  );

  it('writes what it has begun to the end when it is told to end, and exits with 0', async () => {
    const { url, child } = await started({ MODEL_PATH: path });
    const response = await streamed(url, 16);

    child.kill('SIGTERM');
    const [text, [code]] = await Promise.all([response.text(), once(child, 'exit')]);

    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    expect(code).toBe(0);
  });
}

function indexesOf({ choices }: { choices: readonly { index: number }[] }): readonly number[] {
  return choices.map(({ index }: { index: number }) => index);
}

/** The events of a stream. */
async function streamedFrom(url: string, path: string, body: object): Promise<readonly Told[]> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  });
  const lines = (await response.text()).split('\n');
  return lines
    .flatMap((line) => /^data: (\{.*)$/.exec(line)?.[1] ?? [])
    .map((it) => JSON.parse(it));
}

// biome-ignore lint/suspicious/noExplicitAny: what a test looks at of an event is up to it.
type Told = any;

/** The places of all tokens in a stream of completions. */
function offsetsIn(stream: string): readonly number[] {
  const events = stream.split('\n\n').flatMap((line) => /^data: (\{.*)$/.exec(line)?.[1] ?? []);
  return events.flatMap((event) => JSON.parse(event).choices[0]?.logprobs?.text_offset ?? []);
}

function streamed(url: string, tokens: number, headers = {}): Promise<Response> {
  return fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ prompt: 'Once', max_tokens: tokens, ignore_eos: true, stream: true }),
  });
}

const QUESTIONS = ['Who wrote Hamlet?', 'Say a name.', 'What is rain?', 'Add 2 and 3.', 'Hi!'];

function compared(live: ModelServer, candidate: ModelServer, tokens: number) {
  const asks =
    ({ post }: ModelServer) =>
    async ({ path = '/invocations', body }: GoldenRequest): Promise<GoldenAnswer> => {
      const { status, text } = await post(path, body, { 'x-slipway-own': '1' });
      return { kind: 'answer', status, body: text };
    };
  return askBoth({
    requests: QUESTIONS.map((content) => ({
      what: content,
      isDrawn: false,
      request: {
        protocol: 'invocations',
        path: '/v1/chat/completions',
        body: { messages: [{ role: 'user', content }], temperature: 0, max_tokens: tokens },
      },
    })),
    live: asks(live),
    candidate: asks(candidate),
    comparing: APART,
    monotonicMs: () => 0,
    tolerated: 0.02,
    truth: { margin: 0.02 },
    isScored: true,
  });
}
