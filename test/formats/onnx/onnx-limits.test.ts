import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { type Field, proto } from '../../support/bytes/proto.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { OPSET_17, X, Y } from '../../support/models/onnx-bytes.ts';

const IDENTITY: Field = [
  1,
  [
    [1, 'x'],
    [2, 'y'],
    [4, 'Identity'],
  ],
];

function model(irVersion: number, domain: string, version: number): Uint8Array {
  const imports = domain === '' ? [] : [OPSET_17];
  return proto([1, irVersion], [7, [IDENTITY, [2, 'main'], X, Y]], ...imports, [
    8,
    [
      [1, domain],
      [2, version],
    ],
  ]);
}

/** Whether onnxruntime itself loads each file, in a separate process. */
async function loadAll(models: readonly Uint8Array[]): Promise<readonly boolean[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-limits-'));
  const files = models.map((_, index) => join(folder, `${index}.onnx`));
  await Promise.all(files.map((file, index) => writeFile(file, models[index]!)));
  const script = `
    import { InferenceSession } from 'onnxruntime-node';
    const load = (file) => InferenceSession.create(file, { logSeverityLevel: 4 }).then(() => true, () => false);
    console.log(JSON.stringify(await Promise.all(process.argv.slice(1).map(load))));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', script, ...files],
    { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' } },
  );
  await rm(folder, { recursive: true });
  return JSON.parse(stdout);
}

it('accepts the versions that onnxruntime loads, and no others', async () => {
  const models = [
    model(13, '', 26),
    model(14, '', 26),
    model(13, '', 27),
    model(13, 'ai.onnx.ml', 5),
    model(13, 'ai.onnx.ml', 6),
    model(13, 'com.microsoft', 1),
    model(13, 'com.microsoft', 2),
    model(13, 'com.example', 99),
  ];

  const accepted = await Promise.all(
    models.map((bytes) =>
      inspectOnnx(bytesSource(bytes), 'model.onnx', []).then(
        () => true,
        () => false,
      ),
    ),
  );

  expect(accepted).toEqual([true, false, false, true, false, true, false, true]);
  expect(await loadAll(models)).toEqual(accepted);
});
