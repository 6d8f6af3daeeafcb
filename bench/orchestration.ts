// Measures the time that Slipway itself adds to a deployment: the whole time from the drop to Live, less loading the model, the golden request and the bake.
// The registry's writes and the stored bytes are durable (synced). A model of 11 MB and one of a few hundred bytes take turns. `node bench/orchestration.ts [ROUNDS]`
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { READER_MODEL } from '../src/cli/demo/line-reader.ts';
import { readLocalConfig } from '../src/compose/config.ts';
import { startLocal } from '../src/compose/local.ts';
import { addConstantModel } from '../test/support/models/onnx.ts';
import { row, spread } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 10);
/** The steps whose time is the model's own. */
const MODELS_OWN = ['DescribeCandidate', 'CheckHealth', 'JudgeBake'];
const MODELS = {
  '11 MB': await readFile(READER_MODEL),
  tiny: addConstantModel({ constant: 1 }),
};

const began = new Map<string, number>();
const spent = new Map<string, number>();
let onCommit: (now: number) => void = () => {};
const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const slipway = await startLocal(
  readLocalConfig({ dataDir: folder, gatewayPort: 0, controlPort: 0 }),
  {
    environment: process.env,
    report: console.error,
    async onStep({ state, moment }) {
      const now = performance.now();
      if (moment === 'begins') began.set(state, now);
      else spent.set(state, (spent.get(state) ?? 0) + now - (began.get(state) ?? now));
      if (`${state} ${moment}` === 'CommitDeployment ended') onCommit(now);
    },
  },
);

// A user's files are usually written a while before they are moved into the bucket.
for (const [name, bytes] of Object.entries(MODELS)) {
  for (let round = 0; round < ROUNDS; round += 1) {
    await writeFile(join(folder, `${name} ${round}`), bytes);
  }
}
const figures = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const name of Object.keys(MODELS)) await deploy(name, round);
}
await slipway.stop();
await rm(folder, { recursive: true });

console.log(`one deployment, ${ROUNDS} rounds of each model, ms (min / median / max)`);
for (const [name, values] of figures) console.log(row(name, spread(values, 1)));

async function deploy(name: string, round: number): Promise<void> {
  const model = `${name.replaceAll(' ', '-').toLowerCase()}-${round}`;
  const target = join(slipway.bucketDir, 'models', model);
  await mkdir(target, { recursive: true });
  began.clear();
  spent.clear();
  const committed = new Promise<number>((resolve) => {
    onCommit = resolve;
  });
  const droppedAt = performance.now();
  await rename(join(folder, `${name} ${round}`), join(target, 'model.onnx'));
  const totalMs = (await committed) - droppedAt;
  while (!spent.has('ReleaseLease')) await sleep(1);

  const own = MODELS_OWN.reduce((sum, state) => sum + (spent.get(state) ?? 0), 0);
  const add = (figure: string, ms: number) =>
    figures.set(`${name}: ${figure}`, [...(figures.get(`${name}: ${figure}`) ?? []), ms]);
  add('drop → Live', totalMs);
  add('Slipway itself', totalMs - own);
  add('  intake', (began.get('AdmitDeployment') ?? droppedAt) - droppedAt);
  for (const [state, ms] of spent) add(`  ${state}`, ms);
}
