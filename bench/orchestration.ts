// What Slipway itself adds to a deployment: the whole time from the drop to Live, less loading the model, the golden request and the bake.
// The registry's writes are durable (synced). `node bench/orchestration.ts [ROUNDS]`
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { READER_MODEL } from '../src/cli/demo/line-reader.ts';
import { readLocalConfig } from '../src/compose/config.ts';
import { startLocal } from '../src/compose/local.ts';
import { row, spread } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 10);
/** The steps whose time is the model's own, with the waits between them. */
const MODELS_OWN = ['DescribeCandidate', 'CheckHealth', 'JudgeBake'];

const began = new Map<string, number>();
const spent = new Map<string, number>();
const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const slipway = await startLocal(
  readLocalConfig({ dataDir: folder, gatewayPort: 0, controlPort: 0 }),
  {
    report: console.error,
    onStep(state, moment) {
      const now = performance.now();
      if (moment === 'begins') began.set(state, now);
      else spent.set(state, (spent.get(state) ?? 0) + now - (began.get(state) ?? now));
    },
  },
);

const totals: number[] = [];
const overheads: number[] = [];
const intake: number[] = [];
const perStep = new Map<string, number[]>();
// Files as a user has them: written a while before they are moved into the bucket.
for (let round = 0; round < ROUNDS; round += 1) {
  await copyFile(READER_MODEL, join(folder, `${round}.onnx`));
}
for (let round = 0; round < ROUNDS; round += 1) {
  const model = `ocr-${round}`;
  const target = join(slipway.bucketDir, 'models', model, 'ocr.onnx');
  await mkdir(join(slipway.bucketDir, 'models', model), { recursive: true });
  spent.clear();
  began.clear();
  const droppedAt = performance.now();
  await rename(join(folder, `${round}.onnx`), target);
  while (!(await slipway.isLive(model))) await new Promise(setImmediate);
  const totalMs = performance.now() - droppedAt;
  while (!spent.has('ReleaseLease')) await new Promise(setImmediate);

  const own = MODELS_OWN.reduce((sum, state) => sum + (spent.get(state) ?? 0), 0);
  totals.push(totalMs);
  overheads.push(totalMs - own);
  intake.push((began.get('AdmitDeployment') ?? droppedAt) - droppedAt);
  for (const [state, ms] of spent) perStep.set(state, [...(perStep.get(state) ?? []), ms]);
}
await slipway.stop();
await rm(folder, { recursive: true });

console.log(`one deployment, ${ROUNDS} rounds, ms (min / median / max)`);
console.log(row('drop → Live', spread(totals, 1)));
console.log(row('Slipway itself', spread(overheads, 1)));
console.log(row('of it: intake', spread(intake, 1)));
for (const [state, values] of perStep) console.log(row(`  ${state}`.padEnd(22), spread(values, 1)));
