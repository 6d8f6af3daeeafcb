import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type RunningSlipway, startSlipway } from '../../test/support/slipway/running.ts';

const run = promisify(execFile);
const HERE = import.meta.dirname;

export const KINDS = ['forest', 'xgboost', 'lightgbm', 'pipeline'] as const;
export type Kind = (typeof KINDS)[number];
export const OPTIMIZE = ['auto', 'none'] as const;
export type Optimize = (typeof OPTIMIZE)[number];

/** Some rows, as each protocol asks for them, and what the framework itself answers. */
export type Question = {
  readonly rows: number;
  readonly infer: object;
  readonly plain: object;
  readonly labels: readonly number[];
  /** The probabilities of both classes, row by row. */
  readonly probabilities: readonly number[];
};

export type Trained = {
  readonly file: string;
  readonly framework: string;
  readonly questions: readonly [one: Question, many: Question];
};

/** What a build of Slipway made of a model: the image folder that its process engine serves from. */
export type Image = { readonly folder: string; readonly isOnnx: boolean; readonly file: string };

export type Prepared = {
  readonly folder: string;
  /** Has the packages of FastAPI, KServe and the frameworks. */
  readonly python: string;
  /** Without scikit-learn and pandas, which a booster does not need, and imports for a second where they are. */
  readonly bare: string;
  readonly modelPath: (kind: Kind) => string;
  readonly trained: Readonly<Record<Kind, Trained>>;
  readonly image: (kind: Kind, optimize: Optimize) => Image;
  readonly slipway: RunningSlipway;
  /** Says, beside the model, how Slipway is to serve it. */
  readonly manifest: (kind: Kind, optimize: Optimize) => string;
};

/** Makes in the folder what is not there: an environment, the models, and a Slipway's images of them. The first time takes some minutes. */
export async function prepare(folder: string, basePython: string): Promise<Prepared> {
  await mkdir(folder, { recursive: true });
  const python = await environment(join(folder, 'environment'), basePython, () => true);
  const bare = await environment(
    join(folder, 'bare'),
    basePython,
    (line) => !/^(scikit-learn|pandas|kserve)=/.test(line),
  );
  const models = join(folder, 'models');
  if (!existsSync(join(models, 'models.json'))) {
    await mkdir(models, { recursive: true });
    await run(python, [join(HERE, 'train.py'), models]);
  }
  const trained = JSON.parse(await readFile(join(models, 'models.json'), 'utf8'));
  const modelPath = (kind: Kind) => join(models, trained[kind].file);
  const manifest = await manifests(python);
  const data = join(folder, 'slipway');
  // What nobody calls stops soon, so that it takes no memory or CPU beside what is measured.
  const slipway = await startSlipway(data, { config: { idleSeconds: 5 } });
  const image = (kind: Kind, optimize: Optimize) => {
    const made = imageOf(data, `${kind}-${optimize}`);
    if (!made) throw new Error(`there is no image of ${kind} with runtime.optimize ${optimize}`);
    return made;
  };
  for (const kind of KINDS) {
    for (const optimize of OPTIMIZE) {
      const name = `${kind}-${optimize}`;
      if (imageOf(data, name)) continue;
      slipway.drop(`models/${name}/${trained[kind].file}.yaml`, manifest(kind, optimize));
      const { code, err } = await slipway.command('push', modelPath(kind), '--name', name);
      if (code !== 0) throw new Error(err);
    }
  }
  return { folder, python, bare, modelPath, trained, image, slipway, manifest };
}

async function environment(
  made: string,
  basePython: string,
  isWanted: (requirement: string) => boolean,
): Promise<string> {
  const [python, wanted] = [join(made, 'bin', 'python'), join(made, 'requirements.txt')];
  const lines = (await readFile(join(HERE, 'requirements.txt'), 'utf8')).split('\n');
  const text = lines.filter(isWanted).join('\n');
  if (existsSync(wanted) && readFileSync(wanted, 'utf8') === text) return python;
  await run(basePython, ['-m', 'venv', '--clear', made]);
  await writeFile(`${wanted}.partial`, text);
  // pip compiles what it installs, as the builds of Slipway do.
  const wheels = ['--only-binary', ':all:', '-r', `${wanted}.partial`];
  await run(python, ['-m', 'pip', 'install', '--quiet', ...wheels]);
  await rename(`${wanted}.partial`, wanted);
  return python;
}

/** The same Python for all, and of pandas the same version. */
async function manifests(python: string): Promise<Prepared['manifest']> {
  const told = 'import sys, pandas; print("%d.%d" % sys.version_info[:2], pandas.__version__)';
  const [pythonVersion, pandas] = (await run(python, ['-c', told])).stdout.trim().split(' ');
  return (kind, optimize) =>
    JSON.stringify({
      runtime: { optimize },
      placement: { target: 'lambda' },
      build: { pythonVersion, ...(kind === 'pipeline' && { requirements: [`pandas==${pandas}`] }) },
    });
}

function imageOf(data: string, name: string): Image | undefined {
  const images = join(data, 'images', 'images');
  const tags = existsSync(images) ? readdirSync(images) : [];
  const tag = tags.find((each) => each.startsWith(`${name}-`) && !each.endsWith('.partial'));
  if (!tag) return undefined;
  const folder = join(images, tag);
  const [file = ''] = readdirSync(join(folder, 'model'));
  return { folder, file, isOnnx: file.endsWith('.onnx') };
}
