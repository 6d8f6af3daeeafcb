import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ENCODERS } from '../../../support/models/encoders.ts';
import { type ModelServer, startModel, stopServers } from '../../model-server.ts';
import { onnx } from '../../onnx-runtime.ts';

type Asked = { readonly request: object; readonly answer: unknown };

const FIXTURES = new URL('../../../fixtures/hugging-face/', import.meta.url);
const SCORE = 1e-4;

afterAll(stopServers);

const started = new Map<string, Promise<ModelServer>>();

/** The server of a fixture, test/fixtures/hugging-face/make.py, which is one for all tests here. */
function start(name: string): Promise<ModelServer> {
  const path = fileURLToPath(new URL(name, FIXTURES));
  const server = started.get(name) ?? startModel(onnx, { MODEL_PATH: path });
  started.set(name, server);
  return server;
}

function answersOf(name: string): readonly Asked[] {
  return JSON.parse(readFileSync(new URL(`${name}/answers.json`, FIXTURES), 'utf8'));
}

describe('by /invocations', () => {
  it.each(ENCODERS)('%s answers what transformers answers', async (name) => {
    const server = await start(name);

    for (const { request, answer } of answersOf(name)) {
      const { status, json } = await server.post('/invocations', request);

      expect({ request, status }).toEqual({ request, status: 200 });
      expect(json).toEqual(alike(json, answer));
    }
  });

  it('one text is answered as in a list, its label in one', async () => {
    const server = await start('electra-reranker');
    const [{ request, answer }] = answersOf('electra-reranker') as [Asked];
    const [input] = (request as { inputs: readonly object[] }).inputs;

    const { json } = await server.post('/invocations', { inputs: input });

    expect(json).toEqual([alike(json[0], (answer as object[])[0])]);
  });

  it('a text that is longer than the model takes is cut, and the answer says so', async () => {
    const server = await start('bert-sentences');
    const long = 'word '.repeat(100);

    const { headers } = await server.post('/invocations', { inputs: ['a', long, long] });

    expect(headers.get('x-slipway-warning')).toBe(
      '2 texts were cut to the 24 tokens that the model takes',
    );
  });

  it.each<[string, object, string]>([
    ['another input', { inputs: 5 }, 'inputs is 5; it takes "Ada'],
    ['no input', { inputs: [] }, 'inputs is a list of 0'],
    ['an unknown parameter', { inputs: 'a', parameters: { topk: 1 } }, 'parameters has "topk"'],
    ['a parameter beside the others', { inputs: 'a', top_k: 1 }, 'the body has "top_k"'],
    ['parameters that are none', { inputs: 'a', parameters: 1 }, 'parameters is 1'],
    ['a count that is none', { inputs: 'a', parameters: { top_k: 0 } }, 'parameters.top_k is 0'],
    [
      'a function that is none',
      { inputs: 'a', parameters: { function_to_apply: 'relu' } },
      'it takes softmax, sigmoid, none',
    ],
    [
      'no labels',
      { inputs: 'a', parameters: { candidate_labels: [] } },
      'candidate_labels is a list of 0',
    ],
    [
      'a template without a place',
      { inputs: 'a', parameters: { candidate_labels: 'x', hypothesis_template: 'y' } },
      'it takes a text with {}',
    ],
    ['too many texts', { inputs: new Array(2049).fill('a') }, 'has 2049 texts; the limit is 2048'],
  ])('%s is refused', async (_, body, message) => {
    const { status, json } = await (await start('roberta-entailment')).post('/invocations', body);

    expect({ status, error: json.error }).toEqual({
      status: 400,
      error: expect.stringContaining(message),
    });
  });

  it('labels of the request are refused by a model that does not tell entailment', async () => {
    const server = await start('deberta-many');
    const parameters = { candidate_labels: ['a', 'b'] };

    const { status, json } = await server.post('/invocations', { inputs: 'a', parameters });

    expect(status).toBe(400);
    expect(json.error).toContain('this one has the labels toxic, praise, question, plain');
  });

  it('a text without the mask is refused', async () => {
    const { status, json } = await (await start('mpnet-masks')).post('/invocations', {
      inputs: 'a',
    });

    expect({ status, json }).toEqual({
      status: 400,
      json: { error: 'inputs has a text without <mask>' },
    });
  });
});

describe('by the protocols of tensors', () => {
  const infer = (inputs: object) => ({
    inputs: Object.entries(inputs).map(([name, data]) => ({
      name,
      datatype: 'BYTES',
      shape: [data.length],
      data,
    })),
  });

  it('texts have labels and scores', async () => {
    const server = await start('roberta-entailment');
    const [{ request, answer }] = answersOf('roberta-entailment') as [Asked];
    const { inputs: text } = request as { inputs: readonly string[] };
    const told = answer as readonly { label: string; score: number }[];

    const { json } = await server.post('/v2/models/m/infer', infer({ text }));
    const [label, score] = json.outputs;

    expect(label).toMatchObject({
      name: 'label',
      datatype: 'BYTES',
      data: told.map((each) => each.label),
    });
    expect(score.data).toEqual(
      alike(
        score.data,
        told.map((each) => each.score),
      ),
    );
  });

  it('texts have vectors', async () => {
    const server = await start('bert-sentences');
    const [{ request, answer }] = answersOf('bert-sentences') as [Asked];
    const { inputs: text } = request as { inputs: readonly string[] };

    const { json } = await server.post('/v2/models/m/infer', infer({ text }));

    expect(json.outputs).toMatchObject([
      { name: 'embedding', datatype: 'FP32', shape: [text.length, 32] },
    ]);
    expect(json.outputs[0].data).toEqual(
      alike(json.outputs[0].data, (answer as number[][]).flat()),
    );
  });

  it.each<[string, object]>([
    ['bert-tokens', { text: ['Ada Lovelace wrote'] }],
    ['mpnet-masks', { text: ['a <mask>'] }],
    ['distilbert-questions', { question: ['who?'], context: ['Ada wrote it.'] }],
  ])('what %s finds is a text of JSON', async (name, inputs) => {
    const { status, json } = await (await start(name)).post('/v2/models/m/infer', infer(inputs));

    expect({ status, outputs: json.outputs }).toMatchObject({
      status: 200,
      outputs: [{ name: 'answer' }],
    });
    expect(() => JSON.parse(json.outputs[0].data[0])).not.toThrow();
  });

  it('questions and contexts that are not as many are refused', async () => {
    const server = await start('distilbert-questions');

    const { status, json } = await server.post(
      '/v2/models/m/infer',
      infer({ question: ['a', 'b'], context: ['c'] }),
    );

    expect({ status, error: json.error }).toEqual({
      status: 400,
      error: 'there are 2 questions and 1 contexts',
    });
  });

  it('instances are texts too, by KServe as by MLflow', async () => {
    const server = await start('roberta-entailment');

    const one = await server.post('/v1/models/m:predict', { instances: ['hello', 'well'] });
    const other = await server.post('/invocations', { instances: ['hello', 'well'] });

    expect(one.json.predictions).toHaveLength(2);
    expect(other.json.predictions.label).toEqual(
      one.json.predictions.map((each: { label: string }) => each.label),
    );
  });
});

describe("by OpenAI's API", () => {
  it('texts have vectors, as numbers or packed', async () => {
    const server = await start('bert-sentences');
    const input = ['hello', 'It was terrible'];

    const numbers = await server.post('/v1/embeddings', { input, model: 'm' });
    const packed = await server.post('/v1/embeddings', {
      input,
      model: 'm',
      encoding_format: 'base64',
    });
    const [first, second] = numbers.json.data;
    const bytes = Buffer.from(packed.json.data[1].embedding, 'base64');

    expect(numbers.json).toMatchObject({
      object: 'list',
      model: 'm',
      usage: { prompt_tokens: expect.any(Number) },
    });
    expect([first.index, second.index]).toEqual([0, 1]);
    expect([...new Float32Array(bytes.buffer, bytes.byteOffset, 32)]).toEqual(second.embedding);
  });

  it('another model is not there, unless it is an alias of this one', async () => {
    const path = fileURLToPath(new URL('bert-sentences', FIXTURES));
    const server = await startModel(onnx, {
      MODEL_PATH: path,
      MODEL_ALIASES: 'text-embedding-3-small',
    });
    const asked = (model: string) => server.post('/v1/embeddings', { input: 'hello', model });

    const [alias, other] = [await asked('text-embedding-3-small'), await asked('gpt-4o')];
    const { json } = await server.get('/v1/models');

    expect(alias).toMatchObject({ status: 200, json: { model: 'm' } });
    expect(other).toMatchObject({
      status: 404,
      json: {
        error: {
          message: expect.stringContaining('The model `gpt-4o` does not exist.'),
          param: 'model',
          code: 'model_not_found',
        },
      },
    });
    expect(json.data.map(({ id }: { id: string }) => id)).toEqual(['m', 'text-embedding-3-small']);
  });

  it('a vector may be shortened, and is of length 1 again', async () => {
    const server = await start('bert-sentences');

    const { json } = await server.post('/v1/embeddings', { input: 'hello', dimensions: 8 });
    const [{ embedding }] = json.data;

    expect(embedding).toHaveLength(8);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
  });

  it('the list of models has this one', async () => {
    const { json } = await (await start('bert-sentences')).get('/v1/models');

    expect(json).toMatchObject({
      object: 'list',
      data: [{ id: 'm', object: 'model' }],
      models: ['m'],
    });
  });

  it.each<[string, object, string]>([
    ['tokens', { input: [1, 2] }, 'input is a list of 2 that are not all texts; send texts'],
    ['nothing', {}, 'input is missing'],
    ['another encoding', { input: 'a', encoding_format: 'hex' }, 'encoding_format is "hex"'],
    ['more dimensions than there are', { input: 'a', dimensions: 64 }, 'the model has 32'],
    ['dimensions that are none', { input: 'a', dimensions: 0 }, 'dimensions is 0'],
  ])('%s is refused as its clients read it', async (_, body, message) => {
    const { status, json } = await (await start('bert-sentences')).post('/v1/embeddings', body);

    expect(status).toBe(400);
    expect(json.error).toMatchObject({
      type: 'invalid_request_error',
      message: expect.stringContaining(message),
    });
  });

  it('answers also clients that were told of its address without /v1', async () => {
    const server = await start('bert-sentences');

    const { status, json } = await server.post('/embeddings', { input: 'hello' });

    expect({ status, object: json.object }).toEqual({ status: 200, object: 'list' });
    expect((await server.get('/embeddings')).json.error.message).toContain('takes POST, not GET');
  });

  it('what it is not is said where its clients look for it', async () => {
    const server = await start('bert-sentences');

    const unknown = await server.post('/v1/chat/completions', { messages: [] });
    const wrong = await server.get('/v1/embeddings');

    const says = (message: string) => ({
      error: expect.objectContaining({ message: expect.stringContaining(message), code: null }),
    });
    expect(unknown).toMatchObject({ status: 404, json: says('no /v1/chat/completions here') });
    expect(wrong).toMatchObject({ status: 405, json: says('takes POST, not GET') });
  });

  it('vectors are refused by a model that makes none', async () => {
    const { status, json } = await (await start('mpnet-masks')).post('/v1/embeddings', {
      input: 'a',
    });

    expect({ status, message: json.error.message }).toEqual({
      status: 400,
      message: 'the model makes no embeddings; ask it by /invocations',
    });
  });
});

it.each(['roberta-entailment', 'distilbert-questions', 'mpnet-masks', 'bert-sentences'])(
  '%s shows a request that it answers',
  async (name) => {
    const server = await start(name);
    const about = await server.get('/');
    const { json: example } = await server.get('/example.json');
    const { json: document } = await server.get('/openapi.json');

    const { status } = await server.post('/invocations', example);

    expect(status).toBe(200);
    expect(about.json.curl).toContain('/invocations');
    expect(
      document.paths['/invocations'].post.requestBody.content['application/json'].example,
    ).toEqual(example);
  },
);

/** The expected value, with each number replaced by the answer's own where that is near enough. */
function alike(seen: unknown, told: unknown): unknown {
  if (typeof told === 'number' && typeof seen === 'number') {
    return Math.abs(seen - told) <= SCORE * Math.max(1, Math.abs(told)) ? seen : told;
  }
  if (Array.isArray(told))
    return told.map((each, at) => alike(Array.isArray(seen) ? seen[at] : undefined, each));
  if (typeof told !== 'object' || told === null) return told;
  const own = (seen ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(told).map(([key, each]) => [key, alike(own[key], each)]),
  );
}
