import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { call } from '../support/slipway/clients.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'clients/github-action');
const read = (name: string) => parse(readFileSync(join(FOLDER, name), 'utf8'));

type Step = { readonly run?: string; readonly uses?: string; readonly env?: object };
type Inputs = Readonly<Record<string, string>>;

const action: {
  readonly inputs: Readonly<
    Record<string, { readonly default?: string; readonly required?: true }>
  >;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly runs: { readonly steps: readonly Step[] };
} = read('action.yml');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
let actionPath: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  actionPath = await installedClone(join(folder.path, 'clone'));
  slipway = await startSlipway(join(folder.path, 'data'), { config: { bakeSeconds: 0 } });
});
afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** A clone whose packages are installed, so that a step which installs them changes nothing of the one that runs this test; returns the folder of the action in it. */
async function installedClone(clone: string): Promise<string> {
  const own = join(clone, 'clients/github-action');
  await mkdir(own, { recursive: true });
  await mkdir(join(clone, 'node_modules'));
  await symlink(join(ROOT, 'slipway.js'), join(clone, 'slipway.js'));
  // npm writes the second one last, which is how the clone knows that all is there.
  for (const [from, to] of [
    ['install.js', 'install.js'],
    ['package-lock.json', 'package-lock.json'],
    ['node_modules/.package-lock.json', 'node_modules/.package-lock.json'],
  ] as const) {
    await copyFile(join(ROOT, from), join(clone, to));
  }
  return own;
}

/** Runs the steps of the action as a runner does, until one fails. */
async function acted(given: Inputs) {
  const temporary = await mkdtemp(join(folder.path, 'runner-'));
  const outputs = join(temporary, 'outputs');
  const inputs = {
    ...Object.fromEntries(
      Object.entries(action.inputs).map(([name, { default: value = '' }]) => [name, value]),
    ),
    ...given,
  };
  let said = '';
  let code = 0;
  for (const step of action.runs.steps) {
    const variables = Object.entries(step.env ?? {}).map(([name, text]) => [
      name,
      String(text).replaceAll(/\$\{\{ inputs\.(\w+) \}\}/g, (_, input) => inputs[input] ?? ''),
    ]);
    const env = {
      PATH: process.env['PATH'],
      HOME: folder.path,
      GITHUB_ACTION_PATH: actionPath,
      GITHUB_OUTPUT: outputs,
      RUNNER_TEMP: temporary,
      ...Object.fromEntries(variables),
    };
    const script = join(temporary, 'script.sh');
    await writeFile(script, step.run ?? 'exit 9');
    // As GitHub runs `shell: bash`.
    const shell = ['--noprofile', '--norc', '-e', '-o', 'pipefail', script];
    const ended = await new Promise<{ code: number; stdout: string }>((done) =>
      execFile('bash', shell, { env, cwd: folder.path }, (error, stdout) =>
        done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout }),
      ),
    );
    said += ended.stdout;
    code = ended.code;
    if (code !== 0) break;
  }
  const written = existsSync(outputs) ? readFileSync(outputs, 'utf8').trim().split('\n') : [];
  return { code, said, outputs: Object.fromEntries(written.map((line) => line.split('='))) };
}

it('deploys a model, and fails with the reason where the version does not work', async () => {
  const path = join(folder.path, 'my model.onnx');
  await writeFile(path, addConstantModel({ constant: 10 }));
  const pushed = { path: 'my model.onnx', name: 'adder', data: slipway.dataDir };

  const first = await acted(pushed);
  expect(first).toMatchObject({ code: 0, outputs: { state: 'Live', version: '1' } });
  expect((await call(slipway, 'adder')).data).toEqual([11, 12]);

  await writeFile(path, unknownOperatorModel());
  const bad = await acted(pushed);
  expect(bad).toMatchObject({ code: 1, outputs: { state: 'Failed', version: '2' } });
  expect(bad.said).toMatch(/^::error title=Slipway::Failed: .*Mystery/m);
  expect((await call(slipway, 'adder')).data).toEqual([11, 12]);
});

it('an input is never part of a script', async () => {
  const hostile = await acted({
    path: '$(touch here).onnx',
    name: '"; touch here; "',
    data: slipway.dataDir,
  });

  expect(hostile.code).not.toBe(0);
  expect(hostile.said).toContain('::error title=Slipway::InputInvalid');
  expect(existsSync(join(folder.path, 'here'))).toBe(false);
  expect(action.runs.steps.map(({ run }) => run).join('')).not.toContain('${{');
});

it('the example names inputs and outputs that the action has', () => {
  const { jobs } = read('example.yml');
  const steps: readonly (Step & { readonly with?: object })[] = jobs.deploy.steps;
  const own = steps.find(({ uses }) => uses?.includes('clients/github-action'));

  expect(Object.keys(action.inputs)).toEqual(
    expect.arrayContaining(Object.keys(own?.with ?? { none: '' })),
  );
  expect(own?.with).toHaveProperty('path');
  for (const [, output = ''] of JSON.stringify(steps).matchAll(/steps\.slipway\.outputs\.(\w+)/g)) {
    expect(Object.keys(action.outputs)).toContain(output);
  }
});
