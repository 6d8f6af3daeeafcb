import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Walls, wallsVariable } from '#adapters/local/servers/walls.ts';
import { type Format, pageOf } from '#domain/artifact/format.ts';
import { compiledPythonWith } from '../../runtimes/python-environment.ts';
import { kindOf, manifestOf, pathOf, type Technique } from './walls.ts';

const SERVER = fileURLToPath(new URL('../../../runtimes/python/', import.meta.url));
const SUPPORT = fileURLToPath(new URL('./', import.meta.url));
const MODULES = fileURLToPath(new URL('../../../node_modules/', import.meta.url));
const MINUTES_10 = 600_000;
const MEBIBYTE = 2 ** 20;

/** The limits of the process in these tests: far below the demands of the files. */
export const LIMITS = {
  files: 4096,
  processes: 1024,
  fileBytes: 64 * MEBIBYTE,
  dataBytes: 1024 * MEBIBYTE,
  cpuSeconds: 2,
};

/** How the process that loaded a file ended, its last line, its effects outside of itself or the reason why it was ended, and the most memory that it held. */
export type End = {
  readonly status: number;
  readonly says: string;
  readonly harm: readonly string[];
  readonly mebibytes: number;
};

/** The model server's loader alone: nobody has inspected the files, and the kernel refuses nothing. */
export function loadedByOurs(techniques: readonly Technique[]): Promise<readonly End[]> {
  return loaded(techniques, 'ours', {});
}

/** The frameworks' own loaders. */
export function loadedPlainly(techniques: readonly Technique[]): Promise<readonly End[]> {
  return loaded(techniques, 'plain', {});
}

/** The same in a process that has the kernel's walls. */
export function loadedWalled(
  techniques: readonly Technique[],
  walls: Walls,
): Promise<readonly End[]> {
  const node = [process.execPath, realpathSync(process.execPath)];
  const read = [MODULES, realpathSync(MODULES)];
  const within = { read, write: [], execute: node, limits: LIMITS };
  return loaded(techniques, 'walled', wallsVariable(walls, within));
}

async function loaded(
  techniques: readonly Technique[],
  mode: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly End[]> {
  const python = await compiledPythonWith(join(SUPPORT, 'requirements.txt'));
  if (typeof python === 'object') throw new Error(python.missing);
  const cases = techniques.map((each) => ({
    path: pathOf(each),
    reader: each.reader,
    facts: factsOf(each),
    node: [process.execPath, join(SUPPORT, `${each.reader}.mjs`)],
  }));
  return new Promise((resolve, reject) => {
    const options = {
      maxBuffer: 2 ** 24,
      timeout: MINUTES_10,
      env: { PATH: process.env['PATH'], OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', ...env },
    };
    const running = execFile(
      python,
      [join(SUPPORT, 'load.py'), mode, SERVER],
      options,
      (error, stdout) => (error ? reject(error) : resolve(JSON.parse(stdout))),
    );
    running.stdin?.end(JSON.stringify(cases));
  });
}

const FORMATS: Readonly<Record<string, Format>> = {
  skops: 'skops',
  archive: 'sagemaker',
  sagemaker: 'sagemaker',
  mlflow: 'mlflow',
  entrypoint: 'python',
  xgboost: 'xgboost',
  lightgbm: 'lightgbm',
};

/** The facts that inspection would give without its refusals: the format that a file seems to have, and the content of its manifest. */
function factsOf(technique: Technique): object {
  const isSkops = technique.file.endsWith('.skops');
  const format = isSkops
    ? 'skops'
    : (FORMATS[technique.reader] ?? FORMATS[kindOf(technique)] ?? 'sklearn');
  const entrypoint = /^entrypoint: *(.+)$/m.exec(manifestOf(technique))?.[1] ?? null;
  const data = format === 'sagemaker' ? { file: 'model.pkl', format: 'sklearn' } : null;
  const { brings } = pageOf(format);
  return { format, brings, entrypoint, data, signature: null, takesColumns: false, allowed: [] };
}
