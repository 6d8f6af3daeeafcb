// Measures the cost to start and to call a model of a Python framework served by Slipway, converted to ONNX (`auto`) and not (`none`), beside FastAPI with the framework and KServe's server: the same files, one thread each, in turns.
// It also measures the time from such a model's drop in the bucket of a running Slipway to its first right answer. The others have no bucket: only their start is measured.
// `node bench/python-servers.ts [ROUNDS] [KIND...]`; the environment of the others is kept in the user's cache.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { measureBeside } from './beside/measure.ts';
import { pythonOf } from './beside/python.ts';
import type { Ours, Peer, Question, Subject } from './beside/subject.ts';

const HERE = join(import.meta.dirname, 'python-servers');
const KINDS = ['forest', 'xgboost', 'lightgbm', 'pipeline'] as const;
type Kind = (typeof KINDS)[number];

/** Some rows in the form of each protocol, and the framework's own answer. */
type Asked = {
  readonly rows: number;
  readonly infer: object;
  readonly plain: object;
  readonly labels: readonly number[];
  /** The probabilities of both classes, row by row. */
  readonly probabilities: readonly number[];
};
type Trained = { readonly file: string; readonly framework: string; readonly questions: Asked[] };
type Outputs = {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
};
type Plain = {
  readonly labels: readonly number[];
  readonly probabilities: readonly (readonly number[])[];
};

// The build demands the same precision of a conversion to ONNX.
const MOST_APART = 1e-5;

const [rounds = '5', ...named] = process.argv.slice(2);
for (const kind of KINDS.filter((each) => named.length === 0 || named.includes(each))) {
  console.log(`\n${kind}`);
  await measureBeside((folder) => subject(kind, folder), Number(rounds));
}

async function subject(kind: Kind, folder: string): Promise<Subject> {
  const python = await pythonOf(join(HERE, 'requirements.txt'));
  // FastAPI gets no packages beside the framework's: XGBoost would import scikit-learn and pandas, which takes a second.
  const isBooster = kind === 'xgboost' || kind === 'lightgbm';
  const bare = isBooster ? await pythonOf(join(HERE, 'bare.txt')) : python;
  await promisify(execFile)(python, [join(HERE, 'train.py'), folder]);
  const trained: Trained = JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8'))[kind];
  const path = join(folder, trained.file);
  const manifest = await manifestOf(kind, python);
  const [first, ...others] = trained.questions.map(asked);
  if (!first) throw new Error(`${kind} has no question`);
  return {
    ours: [ours('auto', path, manifest), ours('none', path, manifest)],
    peers: [
      peer('FastAPI', 'fastapi', bare, path, kind),
      peer('KServe', 'kserve', python, path, kind),
    ],
    unit: 'row',
    questions: [first, ...others],
    mostApart: MOST_APART,
    aims: { startCpu: 5, unitCpu: 20 },
  };
}

function ours(
  optimize: 'auto' | 'none',
  path: string,
  manifest: (optimize: string) => string,
): Ours {
  const bytes = readFileSync(path);
  return {
    name: `Slipway ${optimize}`,
    drop(slipway, model) {
      const key = `models/${model}/${path.split('/').at(-1)}`;
      slipway.drop(`${key}.yaml`, manifest(optimize));
      slipway.drop(key, bytes);
    },
  };
}

function peer(name: string, script: string, python: string, path: string, kind: Kind): Peer {
  return {
    name,
    command: {
      program: python,
      given: [join(HERE, `${script}_server.py`)],
      environment: { MODEL_PATH: path, MODEL_KIND: kind },
      cwd: HERE,
    },
  };
}

function asked({ rows, infer, plain, labels, probabilities }: Asked): Question {
  // KServe makes up an id for each request that has none.
  const body = { id: 'asked', ...infer };
  const read = (answer: unknown) => {
    const { outputs } = answer as Outputs;
    const data = (name: string) => outputs.find((each) => each.name === name)?.data ?? [];
    return [...data('label'), ...data('probabilities')];
  };
  return {
    what: `${rows} at once`,
    count: rows,
    ours: (model) => ({ path: `/v2/models/${model}/infer`, body, read }),
    peers: (name) =>
      name === 'KServe'
        ? { path: '/v2/models/m/infer', body, read }
        : {
            path: '/predict',
            body: plain,
            read(answer) {
              const found = answer as Plain;
              return [...found.labels, ...found.probabilities.flat()];
            },
          },
    wanted: [...labels, ...probabilities],
  };
}

/** All sides have the same Python, and the same version of pandas. */
async function manifestOf(kind: Kind, python: string): Promise<(optimize: string) => string> {
  const told = 'import sys, pandas; print("%d.%d" % sys.version_info[:2], pandas.__version__)';
  const { stdout } = await promisify(execFile)(python, ['-c', told]);
  const [pythonVersion, pandas] = stdout.trim().split(' ');
  const requirements = kind === 'pipeline' ? { requirements: [`pandas==${pandas}`] } : {};
  return (optimize) =>
    JSON.stringify({
      runtime: { optimize },
      placement: { target: 'lambda' },
      build: { pythonVersion, ...requirements },
    });
}
