import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonWith } from '../../runtimes/python-environment.ts';
import { addConstantModel } from '../../support/models/onnx.ts';
import {
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../../support/slipway/running.ts';

const run = promisify(execFile);
const STORIES = fileURLToPath(new URL('client_stories.py', import.meta.url));
const NOTEBOOK = fileURLToPath(new URL('client_notebook.py', import.meta.url));
const CLIENT = fileURLToPath(new URL('../../../clients/python', import.meta.url));

const python = await pythonWith('../../test/support/differential/requirements.txt');
const withTools = await pythonWith('../../test/doors/python/client-requirements.txt');

/** The test, or its name with the reason why there is no Python for it. */
function itWith(name: string, test: (python: string) => Promise<void>, found = python) {
  if (typeof found === 'string') it(name, () => test(found), MINUTES_10);
  else it.skip(`${name}: ${found.missing}`, () => undefined);
}

const MINUTES_10 = 600_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(join(folder.path, '.slipway'), { config: { bakeSeconds: 0 } });
});
afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const inFolder = (env: NodeJS.ProcessEnv = {}) => ({
  cwd: folder.path,
  env: { PATH: process.env['PATH'], HOME: folder.path, ...env },
});

async function story(with_: string, name: string) {
  const { stdout, stderr } = await run(with_, [STORIES, name], inFolder({ PYTHONPATH: CLIENT }));
  return { answer: JSON.parse(stdout), shown: stderr };
}

itWith(
  'an estimator of a notebook is deployed, upgraded, refused and brought back, and answers as it does there',
  async (python) => {
    const { answer, shown } = await story(python, 'estimator');

    expect(answer).toEqual({
      states: [
        [2, 'Live'],
        [1, 'Retired'],
      ],
      back: 1,
      unfitted: {
        name: 'ArtifactRejected',
        reason: expect.stringContaining('not fitted'),
        fix: expect.stringMatching(/./),
      },
      url: `${slipway.gateway}/models/iris`,
    });
    expect(shown).toMatch(/iris {2}Uploading[\s\S]*iris {2}Building[\s\S]*iris {2}v1 Live/);
  },
);

itWith(
  'a booster comes by its own file, or with its labels by that of its class, and a model of ONNX as it is',
  async (python) => {
    await story(python, 'boosters');
  },
);

itWith(
  'a function comes with what it uses, and one that fails says where, while the version before answers',
  async (python) => {
    const { answer } = await story(python, 'function');

    expect(answer).toEqual({
      failed: {
        name: 'BuildFailed',
        reason: expect.stringContaining('no rows today'),
        fix: expect.stringMatching(/./),
      },
      wrong: { name: 'InputInvalid', reason: expect.stringMatching(/./), fix: expect.anything() },
      lambda: {
        name: 'InputInvalid',
        reason: 'a lambda cannot be deployed',
        fix: 'Define it by `def`, with a name.',
      },
    });
  },
);

itWith("a function's source alone does what the function does", async (python) => {
  await story(python, 'written');
});

// As a wheel says what is in it: what pip makes of the clone is what Slipway serves.
const SAY = `
import importlib.metadata as m, json
d = m.distribution("slipway-client")
files = sorted((str(f), f.hash.value) for f in d.files if str(f).startswith("slipway_client/") and f.hash and "__pycache__" not in str(f))
print(json.dumps({"files": files, **{k: d.metadata.get_all(k) for k in ["Name", "Version", "Requires-Python", "Requires-Dist", "Provides-Extra"]}}))
`;

itWith(
  'pip installs it from the clone and from a running Slipway, and both are the same',
  async (python) => {
    const from = async (name: string, ...source: readonly string[]) => {
      const target = join(folder.path, name);
      const install = ['-m', 'pip', 'install', '--quiet', '--target', target, ...source];
      await run(python, install, inFolder());
      return JSON.parse((await run(python, ['-c', SAY], inFolder({ PYTHONPATH: target }))).stdout);
    };

    const cloned = await from('cloned', CLIENT);
    const served = await from(
      'served',
      ...['--no-index', '--find-links', `${slipway.control}/python/`, 'slipway-client'],
    );

    expect(served).toEqual(cloned);
    expect(served.files.length).toBeGreaterThan(8);
  },
  withTools,
);

itWith(
  'its types hold, for Python 3.9 too',
  async (mypy) => {
    const check = ['-m', 'mypy', '--config-file', 'pyproject.toml', 'slipway_client'];
    const { stdout } = await run(mypy, [...check, '--cache-dir', join(folder.path, 'mypy')], {
      cwd: CLIENT,
    });

    expect(stdout).toContain('no issues found');
  },
  withTools,
);

itWith(
  'a notebook shows a bar that ends with the version',
  async (notebooks) => {
    const model = join(folder.path, 'model.onnx');
    await writeFile(model, addConstantModel({ constant: 10 }));

    const options = inFolder({ PYTHONPATH: CLIENT, SLIPWAY_DATA: slipway.dataDir });
    const { stdout } = await run(notebooks, [NOTEBOOK, model], options);

    expect(JSON.parse(stdout)).toEqual([
      {
        'text/html': expect.stringMatching(/^<progress .* <b>notebook<\/b> v1 Live \(\d+ s\)$/),
        'text/plain': expect.stringMatching(/^notebook {2}v1 Live/),
      },
      { 'text/plain': '[11, 12]' },
    ]);
  },
  withTools,
);
