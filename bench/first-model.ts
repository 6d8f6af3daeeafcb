// Measures the time from a Python model dropped in the bucket of a fresh data folder to Live, and its stages; beside uv's time for the same packages, and the time until LitServe and BentoML answer with the same model.
// The machine is shared: compare figures of one run. A fresh HOME empties the caches of packages too. `node bench/first-model.ts [ROUNDS]`
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fixtureOf } from '../test/support/models/dropped.ts';
import { type RunningSlipway, startSlipway } from '../test/support/slipway/running.ts';
import { type Asking, firstAnswer, requireRight } from './beside/asking.ts';
import { cpuMs } from './beside/process-tree.ts';
import { uvProgram } from './beside/python.ts';
import { startServer } from './beside/server.ts';
import { row, spread } from './figures.ts';

const run = promisify(execFile);
const ROUNDS = Number(process.argv[2] ?? 1);
const HERE = join(import.meta.dirname, 'first-model');
/** The servers that an owner writes in place of Slipway. */
const OTHERS = {
  LitServe: { server: 'litserve==0.2.19', command: ['litserve_server.py'] },
  BentoML: {
    server: 'bentoml==1.4.40',
    command: ['-m', 'bentoml', 'serve', 'bentoml_server:Pipeline', '--port', 'PORT'],
  },
} as const;
type Other = (typeof OTHERS)[keyof typeof OTHERS];
const PACKAGES = ['scikit-learn==1.8.0', 'pandas', 'joblib'];
const MOST_APART = 1e-4;
const LOOK_MS = 10;
/** A command of the build, and a stage of it: stages that run side by side are distinguished by the latest line. */
const STAGE = /^(?:\[Container\] Running command .*commands\/([\w-]+)\.mjs|progress: ([a-z ]+))/;

type Probabilities = { readonly probabilities: readonly (readonly number[])[] };
type Ending = Awaited<ReturnType<RunningSlipway['ending']>>;
type Took = {
  readonly total: number;
  readonly cpu: number;
  readonly phases: ReadonlyMap<string, number>;
};

const times = new Map<string, Took[]>();
const without = new Map<string, number[]>();

for (let round = 0; round < ROUNDS; round += 1) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const slipway = await startSlipway(folder);
  const code = `def predict(x):\n    return x + ${round}\n`;
  await took('predict.py', slipway, (model) => dropCode(slipway, model, code));
  await took('predict.py, again', slipway, (model) => dropCode(slipway, model, `${code}\n`));
  for (const [what, name] of [
    ['scikit-learn', 'columns-pipeline-1.8.joblib'],
    ['scikit-learn, again', 'columns-pipeline-1.8.pkl'],
  ] as const) {
    const bytes = readFileSync(fixtureOf('sklearn', name).path);
    await took(what, slipway, (model) => slipway.drop(`models/${model}/${name}`, bytes));
  }
  await others(folder);
  await slipway.stop();
  await rm(folder, { recursive: true });
}

console.log(`drop → Live, ${ROUNDS} rounds, s (min / median / max)`);
for (const [what, all] of times) {
  console.log(row(what, seconds(all.map(({ total }) => total))));
  console.log(row('  CPU of all processes', seconds(all.map(({ cpu }) => cpu))));
  for (const phase of new Set(all.flatMap(({ phases }) => [...phases.keys()]))) {
    console.log(row(`  ${phase}`, seconds(all.map(({ phases }) => phases.get(phase) ?? 0))));
  }
}
for (const [what, all] of without) console.log(row(what, seconds(all)));

function seconds(values: readonly number[]): string {
  return spread(
    values.map((ms) => ms / 1000),
    2,
  );
}

function dropCode(slipway: RunningSlipway, model: string, code: string): void {
  slipway.drop(`models/${model}/v1/requirements.txt`, '');
  slipway.drop(`models/${model}/v1/predict.py`, code);
  slipway.drop(`models/${model}/v1/model.yaml`, '');
}

/** The time of a drop to its end, and of each stage of its build. */
async function took(
  what: string,
  slipway: RunningSlipway,
  drop: (model: string) => void,
): Promise<void> {
  const model = what.replace(/\W+/g, '-');
  const logs = join(slipway.dataDir, 'builds');
  const isLog = (name: string) => name.endsWith('.log');
  const before = new Set(readdirSync(logs).filter(isLog));
  const pid = slipway.process.pid ?? 0;
  const [startedAt, cpuBefore] = [performance.now(), cpuMs(pid)];
  let end: Ending | undefined;
  drop(model);
  const ending = slipway.ending(model, 1).then((event) => {
    end = event;
  });
  const begun: [string, number][] = [['admission', startedAt]];
  while (!end) {
    const log = readdirSync(logs).find((name) => isLog(name) && !before.has(name));
    const lines = log ? readFileSync(join(logs, log), 'utf8').split('\n') : [];
    const stages = lines.flatMap((line) => {
      const [, command, stage] = STAGE.exec(line) ?? [];
      return command ?? stage?.trim() ?? [];
    });
    for (const stage of stages.slice(begun.length - 1)) begun.push([stage, performance.now()]);
    const isBuilt = lines.some((line) => line.startsWith('[Container] Phase complete: BUILD '));
    if (isBuilt && begun.at(-1)?.[0] !== 'rollout') begun.push(['rollout', performance.now()]);
    await Promise.race([sleep(LOOK_MS), ending]);
  }
  const endedAt = performance.now();
  if (end.detail.state !== 'Live') throw new Error(JSON.stringify(end.detail));
  const phases = new Map<string, number>();
  for (const [at, [name, from]] of begun.entries()) {
    const ms = (begun[at + 1]?.[1] ?? endedAt) - from;
    phases.set(name, (phases.get(name) ?? 0) + ms);
  }
  const taken = { total: endedAt - startedAt, cpu: cpuMs(pid) - cpuBefore, phases };
  times.set(what, [...(times.get(what) ?? []), taken]);
}

/** Measures the same work without Slipway. */
async function others(dataDir: string): Promise<void> {
  const environment = converterIn(dataDir);
  const uv = await uvProgram();
  const python = join(environment, 'bin', 'python');
  for (const [what, variables] of [
    ['uv, the same packages', {}],
    ['uv, nothing in its cache', { UV_CACHE_DIR: join(dataDir, 'cache') }],
  ] as const) {
    await tookWithout(what, async () => {
      const folder = join(dataDir, what);
      const env = { ...process.env, ...variables };
      await run(uv, ['venv', '--quiet', '--python', python, folder], { env });
      const into = ['--quiet', '--python', join(folder, 'bin', 'python')];
      const given = [...into, '-r', join(environment, 'wanted.txt')];
      await run(uv, ['pip', 'install', ...given], { env });
      return performance.now();
    });
  }
  for (const [name, other] of Object.entries(OTHERS)) {
    const folder = join(dataDir, name);
    await tookWithout(`${name}, by uv`, async () => {
      await run(uv, ['venv', '--quiet', '--python', python, folder]);
      const into = ['--python', join(folder, 'bin', 'python'), other.server, ...PACKAGES];
      await run(uv, ['pip', 'install', '--quiet', ...into]);
      return answeredBy(other, folder);
    });
    await tookWithout(`${name}, its packages there`, () => answeredBy(other, folder));
  }
}

/** `task` returns the time at which it was done. */
async function tookWithout(what: string, task: () => Promise<number>): Promise<void> {
  const startedAt = performance.now();
  const doneAt = await task();
  without.set(what, [...(without.get(what) ?? []), doneAt - startedAt]);
}

/** Starts a server with the packages in `folder`, calls it until its first right answer, and ends it; returns the time of that answer. */
async function answeredBy({ command }: Other, folder: string): Promise<number> {
  const { path, requests } = fixtureOf('sklearn', 'columns-pipeline-1.8.joblib');
  const request = requests.find(({ protocol }) => protocol === 'invocations');
  if (!request) throw new Error(`${path} has no request`);
  const { predictions } = request.answer as { predictions: Probabilities };
  const asking: Asking = {
    path: '/predict',
    body: request.body,
    read: (answer) => (answer as Probabilities).probabilities.flat(),
  };
  const server = await startServer({
    program: join(folder, 'bin', 'python'),
    given: command,
    environment: { HOME: folder, MODEL_PATH: path },
    cwd: HERE,
  });
  try {
    const answer = await firstAnswer(server.origin, asking, server.requireAlive);
    requireRight(answer, predictions.probabilities.flat(), MOST_APART);
    return performance.now();
  } finally {
    await server.stop();
  }
}

/** The environment that a model was converted in. */
function converterIn(dataDir: string): string {
  const images = join(dataDir, 'images');
  const image = readdirSync(join(images, 'images'))
    .map((tag) => join(images, 'images', tag))
    .find((folder) => existsSync(join(folder, 'converter')));
  if (!image) throw new Error('no model has a converter');
  return join(images, 'environments', basename(readlinkSync(join(image, 'converter'))));
}
