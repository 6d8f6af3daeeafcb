import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelFolder, startModel, stopServers } from '../../model-server.ts';
import { onnx } from '../../onnx-runtime.ts';

const FIXTURES = new URL('../../../fixtures/hugging-face/', import.meta.url);
const OWN = 'config_sentence_transformers.json';

afterAll(stopServers);

/** A server of this fixture, with these files in place of the fixture's. */
async function startWith(name: string, files: Readonly<Record<string, unknown>>) {
  const folder = await modelFolder({});
  cpSync(fileURLToPath(new URL(name, FIXTURES)), folder, { recursive: true });
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(folder, file), JSON.stringify(content));
  return startModel(onnx, { MODEL_PATH: folder });
}

async function vectorsOf(files: Readonly<Record<string, unknown>>, texts: readonly string[]) {
  const server = await startWith('bert-sentences', files);
  const { json } = await server.post('/v1/embeddings', { input: texts });
  return json.data.map(({ embedding }: { embedding: number[] }) => embedding);
}

it('the usual prompt of sentence-transformers goes before each text', async () => {
  const prompts = { query: 'who wrote ', passage: '' };
  const prompted = { [OWN]: { prompts, default_prompt_name: 'query' } };

  expect(await vectorsOf(prompted, ['the first program?'])).toEqual(
    await vectorsOf({ [OWN]: { prompts } }, ['who wrote the first program?']),
  );
});

it('a vector is cut to the numbers that sentence-transformers keeps', async () => {
  const [whole] = await vectorsOf({}, ['the cat']);

  expect(await vectorsOf({ [OWN]: { truncate_dim: 3 } }, ['the cat'])).toEqual([whole.slice(0, 3)]);
});

const POOLED = ['Transformer', 'Pooling'].map((kind, idx) => ({
  idx,
  path: idx === 0 ? '' : '1_Pooling',
  type: `sentence_transformers.models.${kind}`,
}));

it.each([
  ['weightedmean', (at: number) => at + 1, (sum: number) => sum],
  ['mean_sqrt_len_tokens', () => 1, Math.sqrt],
])(
  'a vector is pooled by %s, as sentence-transformers names it',
  async (pooling_mode, weightOf, divisorOf) => {
    const tokens = await startWith('bert-sentences', { 'modules.json': {} });
    const {
      json: [[each]],
    } = await tokens.post('/invocations', { inputs: ['the cat sat'] });
    const weights = (each as readonly number[][]).map((_, at) => weightOf(at));
    const divisor = divisorOf(weights.reduce((sum, weight) => sum + weight, 0));
    const wanted = (each as readonly number[][])[0]?.map((_, place) =>
      weights.reduce((sum, weight, at) => sum + (weight * each[at][place]) / divisor, 0),
    );
    const [found] = await vectorsOf(
      { 'modules.json': POOLED, '1_Pooling/config.json': { pooling_mode } },
      ['the cat sat'],
    );

    expect(found).toEqual(wanted?.map((value) => expect.closeTo(value, 5)));
  },
);

it('texts are taken in small letters where sentence-transformers takes them so', async () => {
  const tokenizer = JSON.parse(
    readFileSync(new URL('bert-sentences/tokenizer.json', FIXTURES), 'utf8'),
  );
  const cased = { 'tokenizer.json': { ...tokenizer, normalizer: null } };
  const lowered = { ...cased, 'sentence_bert_config.json': { do_lower_case: true } };
  const [large, small] = await vectorsOf(cased, ['THE CAT', 'the cat']);

  expect(large).not.toEqual(small);
  expect(await vectorsOf(lowered, ['THE CAT', 'the cat'])).toEqual([small, small]);
});

it('a cross encoder answers its scores as sentence-transformers has them', async () => {
  const network = { idx: 0, path: '', type: 'sentence_transformers.base.modules.Transformer' };
  const scored = async (kind: string) => {
    const activation_fn = `torch.nn.modules.${kind}`;
    const server = await startWith('electra-reranker', {
      'modules.json': [network],
      [OWN]: { model_type: 'CrossEncoder', activation_fn },
    });
    const inputs = [{ text: 'who wrote the first program?', text_pair: 'Ada Lovelace' }];
    return (await server.post('/invocations', { inputs })).json[0].score;
  };
  const [raw, likely] = [await scored('linear.Identity'), await scored('activation.Sigmoid')];

  expect(likely).toBeCloseTo(1 / (1 + Math.exp(-raw)), 6);
  expect(raw).not.toBeCloseTo(likely, 3);
});
