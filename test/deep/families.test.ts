import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { difference } from '#domain/rollout/json-difference.ts';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;
const NEAR = 2e-4;

type Asked = { readonly path: string; readonly body: object; readonly answer: unknown };

if (DEEP_PYTHON) describeFamilies();
else it.skip('families of transformers: .ci/deep installs what they need', () => undefined);

function describeFamilies(): void {
  describeOnOneMachine('a folder of transformers, dropped as it was saved', (slipway) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let answers: Readonly<Record<string, readonly Asked[]>>;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await python('./make_families.py', folder.path);
      answers = JSON.parse(readFileSync(join(folder.path, 'answers.json'), 'utf8'));
    }, LONGEST_MS);
    afterAll(() => folder[Symbol.asyncDispose]());

    const dropped = async (network: string, name = network, manifest = '') => {
      // First: once the network is whole, another file would be a newer artifact.
      slipway().drop(`models/${name}/net/model.yaml`, manifest);
      for (const file of readdirSync(join(folder.path, network))) {
        const bytes = readFileSync(join(folder.path, network, file));
        slipway().drop(`models/${name}/net/${file}`, bytes);
      }
      return (await slipway().ending(name, 1)).detail;
    };
    const servedBy = async (name: string) => {
      const said = await slipway().get(`/models/${name}/explain?version=1`);
      return (said as { runtime: { name: string } }).runtime.name;
    };
    const post = async (name: string, path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const url = `${slipway().gateway}/models/${name}/${path}`;
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      return answer.json();
    };

    const answersAs = async (network: string, name = network) => {
      expect(answers[network]?.length).toBeGreaterThan(0);
      for (const { path, body, answer } of answers[network] ?? []) {
        const found = await post(name, path, body);
        expect({ body, wrong: difference(found, answer, NEAR, NEAR) }).toEqual({ body });
      }
    };

    it.each([
      ['electra', 'finds entities, by weights in a file of torch', 'onnx'],
      ['roberta', 'answers questions', 'onnx'],
      ['camembert', 'fills masks', 'onnx'],
      ['bart-entailment', 'labels texts by labels of the request', 'onnx'],
      ['t5-encoder', 'makes vectors', 'onnx'],
      ['reranker', 'ranks texts', 'onnx'],
      ['bert-listed', 'labels texts, whose tokens are a list', 'python'],
      ['roberta-listed', 'labels texts, whose tokens are a list and what is merged', 'python'],
      ['longformer', 'labels texts, which no exporter converts', 'python'],
      ['convbert', 'labels texts, which it answers otherwise where they are padded', 'onnx'],
      ['big-bird', 'labels long texts by blocks, also after a short one', 'python'],
      ['bart', 'writes by beams', 'python'],
      ['marian', 'translates, without a tokenizer.json', 'python'],
      ['gpt-neox', 'goes on with texts', 'python'],
      ['opt', 'goes on with texts, by weights in a file of torch', 'python'],
      ['gemma', 'converses', 'python'],
      ['mistral', 'converses, in bfloat16', 'python'],
      ['mamba', 'goes on with texts, though its first token is unclear', 'python'],
      ['mt5', 'goes on with texts, whose spaces are tidied', 'python'],
    ])(
      '%s %s as transformers does, by %s',
      async (name, _, runtime) => {
        expectLive(await dropped(name));

        expect(await servedBy(name)).toBe(runtime);
        await answersAs(name);
        await slipway().ask(name, 'undeploy');
      },
      LONGEST_MS,
    );

    it(
      'reranker ranks texts by transformers, too',
      async () => {
        const name = 'reranker-native';

        expectLive(await dropped('reranker', name, 'runtime: { optimize: none }'));

        expect(await servedBy(name)).toBe('python');
        await answersAs('reranker', name);
        const refused = await post(name, 'v1/rerank', { query: 'a', documents: [] });
        expect(refused).toMatchObject({ error: { message: expect.stringContaining('documents') } });
      },
      LONGEST_MS,
    );
  });
}
