import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { filesOfWheel } from '../support/models/wheels.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;
const OWN = join(import.meta.dirname, 'silero');
// One network that hears speech (MIT), as TorchScript and ONNX; its safetensors have the weights of an earlier training.
const wheel = await filesOfWheel({
  name: 'silero-vad',
  version: '6.2.3',
  sha256: '7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8',
});
const TENSORS = 'silero_vad_16k.safetensors';
const RATE = { name: 'sr', datatype: 'INT64', shape: [], data: [16_000] };
const SOUND = Array.from({ length: 512 }, (_, at) => Math.sin(at / 7) / 2 + Math.sin(at / 31) / 3);
// The context that TorchScript itself puts before a sound's first samples.
const CONTEXT = Array.from({ length: 64 }, () => 0);
const STATE = Array.from({ length: 256 }, () => 0);

if (!DEEP_PYTHON) it.skip('Silero: .ci/deep installs what it needs', () => undefined);
else if (typeof wheel !== 'string') it.skip(`Silero: ${wheel.missing}`, () => undefined);
else describeSilero(join(wheel, 'silero_vad/data'));

function describeSilero(data: string): void {
  describeOnOneMachine('one network that hears speech', (slipway) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let earlier: number[][];
    const converted = () => join(folder.path, TENSORS);
    beforeAll(async () => {
      folder = await temporaryFolder();
      const given = [join(data, 'silero_vad.jit'), join(data, TENSORS), converted()];
      earlier = JSON.parse(await python('./silero/weights.py', ...given, JSON.stringify(SOUND)));
    }, LONGEST_MS);
    afterAll(() => folder[Symbol.asyncDispose]());

    const drop = (key: string, bytes: Buffer | string) => slipway().drop(`models/${key}`, bytes);
    const post = async (model: string, path: string, body: unknown) => {
      const url = `${slipway().gateway}/models/${model}/${path}`;
      const headers = { 'content-type': 'application/json' };
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    };
    const infer = async (model: string, inputs: readonly object[]) => {
      const answer = await post(model, `v2/models/${model}/infer`, { inputs });
      return (answer as { outputs: { data: number[] }[] }).outputs[0]?.data[0];
    };
    const ofTensors = async (model: string, version: number, file: string) => {
      for (const name of ['predict.py', 'requirements.txt'])
        drop(`${model}/v${version}/${name}`, readFileSync(join(OWN, name)));
      drop(`${model}/v${version}/${TENSORS}`, readFileSync(file));
      drop(`${model}/v${version}/model.yaml`, '');
      expectLive((await slipway().ending(model, version)).detail);
      return (await post(model, 'invocations', { inputs: [SOUND] })) as {
        predictions: number[][];
      };
    };

    it(
      'answers the same as TorchScript, ONNX and safetensors',
      async () => {
        const sound = { name: 'x', datatype: 'FP32', shape: [1, 512], data: SOUND };
        const examples = [{ request: { inputs: [sound, RATE] } }];
        drop('script/silero_vad.jit.yaml', JSON.stringify({ examples }));
        drop('script/silero_vad.jit', readFileSync(join(data, 'silero_vad.jit')));
        drop('graph/silero_vad.onnx', readFileSync(join(data, 'silero_vad_16k_op15.onnx')));
        for (const model of ['script', 'graph'])
          expectLive((await slipway().ending(model, 1)).detail);
        const script = Number(await infer('script', [sound, RATE]));
        const graph = await infer('graph', [
          { name: 'input', datatype: 'FP32', shape: [1, 576], data: [...CONTEXT, ...SOUND] },
          { name: 'state', datatype: 'FP32', shape: [2, 1, 128], data: STATE },
          RATE,
        ]);
        const tensors = await ofTensors('tensors', 1, converted());

        expect(script).toBeGreaterThan(0);
        expect(graph).toBeCloseTo(script, 4);
        expect(tensors.predictions[0]?.[0]).toBeCloseTo(script, 4);
      },
      LONGEST_MS,
    );

    it(
      'of earlier weights answers by these, as its next version',
      async () => {
        const { predictions } = await ofTensors('tensors', 2, join(data, TENSORS));

        expect(predictions[0]?.[0]).toBeCloseTo(earlier[0]?.[0] ?? 0, 5);
      },
      LONGEST_MS,
    );
  });
}
