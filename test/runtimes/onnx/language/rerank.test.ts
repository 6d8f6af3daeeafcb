import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ModelServer, startModel, stopServers } from '../../model-server.ts';
import { onnx } from '../../onnx-runtime.ts';

const FIXTURES = new URL('../../../fixtures/hugging-face/', import.meta.url);

type Pair = { readonly text: string; readonly text_pair: string };
type Asked = {
  readonly request: { readonly inputs: readonly Pair[] };
  readonly answer: readonly { readonly score: number }[];
};

// transformers' answers to pairs, by likelihood and by the network's own scores.
const [LIKELY, RAW] = JSON.parse(
  readFileSync(new URL('electra-reranker/answers.json', FIXTURES), 'utf8'),
) as readonly [Asked, Asked];
const QUERY = LIKELY.request.inputs[0]?.text ?? '';
const DOCUMENTS = LIKELY.request.inputs.map(({ text_pair }) => text_pair);

let server: ModelServer;
beforeAll(async () => {
  server = await started('electra-reranker');
});
afterAll(stopServers);

const started = (name: string) =>
  startModel(onnx, { MODEL_PATH: fileURLToPath(new URL(name, FIXTURES)) });

/** The places and scores of the texts, the best first. */
function ranked({ answer }: Asked) {
  return answer
    .map(({ score }, index) => ({ index, score: expect.closeTo(score, 4) as unknown, own: score }))
    .sort((one, other) => other.own - one.own)
    .map(({ index, score }) => ({ index, score }));
}

const relevant = (asked: Asked) =>
  ranked(asked).map(({ index, score }) => ({ index, relevance_score: score }));

describe('a classifier with one label ranks texts', () => {
  it.each(['/v1/rerank', '/v2/rerank', '/rerank'])(
    'as Cohere, Jina and vLLM do, by %s',
    async (path) => {
      const asked = { model: 'any', query: QUERY, documents: DOCUMENTS };
      const { status, json } = await server.post(path, asked);

      expect(status).toBe(200);
      expect(json).toEqual({
        object: 'list',
        model: 'm',
        results: relevant(LIKELY),
        usage: { prompt_tokens: expect.any(Number), total_tokens: json.usage.prompt_tokens },
      });
    },
  );

  it('the best alone, with their texts, where that is asked for', async () => {
    const documents = DOCUMENTS.map((text, at) => (at % 2 === 0 ? { text } : text));
    const asked = { query: QUERY, documents, top_n: 2, return_documents: true };
    const { json } = await server.post('/v1/rerank', asked);

    expect(json.results).toEqual(
      relevant(LIKELY)
        .slice(0, 2)
        .map((each) => ({ ...each, document: { text: DOCUMENTS[each.index] } })),
    );
  });

  it("as Hugging Face's server of embeddings does, also by the network's own scores", async () => {
    const asked = { query: QUERY, texts: DOCUMENTS };
    const likely = await server.post('/rerank', asked);
    const raw = await server.post('/rerank', { ...asked, raw_scores: true, return_text: true });

    expect(likely.json).toEqual(ranked(LIKELY));
    expect(raw.json).toEqual(ranked(RAW).map((each) => ({ ...each, text: DOCUMENTS[each.index] })));
  });

  it('and says so in its document', async () => {
    const { json } = await server.get('/openapi.json');

    expect(Object.keys(json.paths)).toEqual(expect.arrayContaining(['/v1/rerank', '/rerank']));
  });

  it.each<[string, object, string]>([
    ['no query', { documents: ['a'] }, 'query is missing; it takes a text'],
    ['an empty query', { query: '', documents: ['a'] }, 'query is ""'],
    ['no texts', { query: 'a' }, 'documents is missing; it takes a list of texts'],
    ['an empty list', { query: 'a', texts: [] }, 'texts is a list of 0'],
    ['what is no text', { query: 'a', documents: ['b', 5] }, 'documents is a list of 2'],
    ['a count that is none', { query: 'a', documents: ['b'], top_n: 0 }, 'top_n is 0'],
    [
      'a wish that is none',
      { query: 'a', documents: ['b'], return_documents: 'yes' },
      'return_documents is "yes"; it takes true or false',
    ],
    [
      'too many texts',
      { query: 'a', documents: Array.from({ length: 2049 }, () => 'b') },
      'the request has 2049 texts; the limit is 2048',
    ],
  ])('%s is refused', async (_, body, message) => {
    const { status, json } = await server.post('/v1/rerank', body);

    expect(status).toBe(400);
    expect(json.error.message).toContain(message);
  });
});

it('a classifier with several labels ranks nothing, and says so', async () => {
  const other = await started('roberta-entailment');
  const { status, json } = await other.post('/v1/rerank', { query: 'a', documents: ['b'] });

  expect(status).toBe(400);
  expect(json.error.message).toContain('the model ranks no texts');
});
