import { spawn } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RunningSlipway } from '../support/slipway/running.ts';

// Models this small only lose by threads.
const ENV = {
  ...process.env,
  PYTHONPATH: fileURLToPath(new URL('./python/', import.meta.url)),
  OMP_NUM_THREADS: '1',
};

/** A model that its framework made, or the reason why it made none. */
type Made = {
  readonly name: string;
  readonly family: string;
  readonly model?: string;
  readonly questions?: string;
  readonly why?: string;
};

/** The answers in which a model differs from its framework: a line for each question and shape of body. */
type Asked = {
  readonly rows: number;
  readonly wrong: readonly string[];
  readonly refusedThoughRight: readonly string[];
  readonly answeredThoughRefused: readonly string[];
};

/** How one model fared. `says` is the reason and the fix of a refusal, or why there was no model. */
export type Fared = Partial<Asked> & {
  readonly name: string;
  readonly family: string;
  readonly served: 'onnx' | 'python' | 'refused' | 'not made';
  /** Whether Slipway failed at the model, which is not a refusal. */
  readonly failed?: true;
  /** Whether the model was served by the `predict.py` that Slipway writes, after it was refused. */
  readonly byWay?: boolean;
  readonly says?: string;
};

export type SweepOptions = {
  readonly python: string;
  readonly slipway: RunningSlipway;
  /** The folder of models and questions. */
  readonly folder: string;
  readonly seed: number;
  /** Regular expression on `family/name`. */
  readonly pattern: string;
  /** One in so many of the cases that the pattern names. */
  readonly oneIn: number;
  /** How many models are deployed and asked at once. */
  readonly lanes: number;
  readonly report: (fared: Fared) => void;
};

/** Makes models, drops each on a running Slipway, asks it over HTTP, and answers how each fared. */
export async function sweep(options: SweepOptions): Promise<readonly Fared[]> {
  const { python, folder, seed, pattern, oneIn } = options;
  const args = ['make', folder, String(seed), String(oneIn), pattern];
  const maker = started(python, 'sweep', ...args);
  maker.stdin.end();
  const made = createInterface({ input: maker.stdout })[Symbol.asyncIterator]();
  const results: Fared[] = [];
  let count = 0;
  const lane = async () => {
    const asker = askerBy(python);
    for (let next = await made.next(); !next.done; next = await made.next()) {
      const each: Made = JSON.parse(next.value);
      const fared = await faredBy(each, `sweep-${process.pid}-${count++}`, asker.ask, options);
      results.push(fared);
      options.report(fared);
    }
    asker.close();
  };
  await Promise.all(Array.from({ length: options.lanes }, lane));
  if (maker.exitCode !== 0) throw new Error(`python -m sweep ended with ${maker.exitCode}`);
  return results;
}

type Ask = (questions: string, url: string, model: string) => Promise<Asked>;

async function faredBy(
  made: Made,
  model: string,
  ask: Ask,
  { slipway }: SweepOptions,
): Promise<Fared> {
  const { name, family, questions } = made;
  if (!made.model || !questions) {
    return { name, family, served: 'not made', says: made.why ?? '' };
  }
  slipway.drop(`models/${model}/${basename(made.model)}`, await readFile(made.model));
  const { detail } = await slipway.ending(model, 1);
  if (detail.state === 'Live') {
    const served = await runtimeOf(slipway, model);
    const asked = await ask(questions, slipway.gateway, model);
    await slipway.ask(model, 'undeploy');
    return { name, family, served, ...asked };
  }
  const refused = {
    name,
    family,
    served: 'refused' as const,
    says: `${detail.reason} ${detail.fix ?? ''}`,
    ...(detail.state === 'Rejected' ? {} : { failed: true as const }),
  };
  if (!refused.says.includes('--write-predict')) return refused;
  const way = `${model}-way`;
  const folder = await writtenWay(slipway, made.model);
  const { out, err } = await slipway.command('push', folder, '--name', way, '--json');
  if (!out.includes('"Live"')) {
    return { ...refused, byWay: false, says: `${refused.says}; the way: ${out.slice(-600)}${err}` };
  }
  const asked = await ask(questions, slipway.gateway, way);
  await slipway.ask(way, 'undeploy');
  return { ...refused, byWay: true, ...asked };
}

async function runtimeOf(slipway: RunningSlipway, model: string): Promise<'onnx' | 'python'> {
  const { runtime } = (await slipway.get(`/models/${model}/explain?version=1`)) as {
    runtime: { name: 'onnx' | 'python' };
  };
  return runtime.name;
}

/** A folder with the model and the `predict.py` that Slipway writes for it. */
async function writtenWay(slipway: RunningSlipway, model: string): Promise<string> {
  const folder = join(dirname(model), 'way');
  await mkdir(folder, { recursive: true });
  const copy = join(folder, basename(model));
  await copyFile(model, copy);
  await slipway.command('inspect', copy, '--write-predict');
  return folder;
}

/** A process that asks: the framework's answers were made before, so that it costs little. */
function askerBy(python: string) {
  const child = started(python, 'sweep.ask');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask: Ask = async (questions, url, model) => {
    child.stdin.write(`${JSON.stringify({ case: questions, url, model })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`python -m sweep.ask ended while ${questions} was asked`);
    return JSON.parse(value);
  };
  return { ask, close: () => child.stdin.end() };
}

function started(python: string, ...module: readonly string[]) {
  return spawn(python, ['-m', ...module], { env: ENV, stdio: ['pipe', 'pipe', 'inherit'] });
}
