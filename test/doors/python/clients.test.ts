import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonWith } from '../../runtimes/python-environment.ts';
import { gitClone } from '../../support/doors/git-door.ts';
import { addConstantModel } from '../../support/models/onnx.ts';
import { call } from '../../support/slipway/clients.ts';
import {
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../../support/slipway/running.ts';

const run = promisify(execFile);
const LARGE_BYTES = 12_000_000;

const withAws = await pythonWith('../../test/doors/python/aws-requirements.txt');
const withS3fs = await pythonWith('../../test/doors/python/s3fs-requirements.txt');
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(join(folder.path, 'data'), { config: { bakeSeconds: 0 } });
  const { out } = await slipway.command('keys', 'create', 'python', '--all', '--json');
  const { id, key, s3 } = JSON.parse(out);
  environment = {
    PATH: process.env['PATH'],
    HOME: folder.path,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: key,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    MLFLOW_S3_ENDPOINT_URL: s3.endpoint,
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  await mkdir(join(folder.path, 'files'));
  await writeFile(path('files/a'), 'a');
  await writeFile(path('files/large.bin'), Buffer.alloc(LARGE_BYTES, 'x'));
  await writeFile(path('one.onnx'), addConstantModel({ constant: 10 }));
  await writeFile(path('two.onnx'), addConstantModel({ constant: 20 }));
});
afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const path = (name: string) => join(folder.path, name);
const answerOf = async (model: string) => (await call(slipway, model)).data;

function itWith(python: typeof withAws, name: string, test: (python: string) => Promise<void>) {
  if (typeof python === 'string') it(name, () => test(python));
  else it.skip(`${name}: ${python.missing}`, () => undefined);
}

const execute = (python: string, args: readonly string[], cwd = folder.path) =>
  run(python, args, { env: environment, cwd });

itWith(
  withAws,
  'the AWS CLI copies, syncs, moves, shares, and brings a version back',
  async (python) => {
    const aws = async (...args: readonly string[]) =>
      (await execute(python, ['-m', 'awscli', ...args])).stdout;
    await aws('s3', 'cp', 'one.onnx', 's3://bucket/models/cli/model.onnx');
    await slipway.ending('cli', 1);
    expect(await answerOf('cli')).toEqual([11, 12]);
    await aws('s3', 'cp', 'two.onnx', 's3://bucket/models/cli/model.onnx');
    await slipway.ending('cli', 2);
    expect(await answerOf('cli')).toEqual([21, 22]);

    const { Versions } = JSON.parse(
      await aws('s3api', 'list-object-versions', '--bucket', 'bucket', '--prefix', 'models/cli/'),
    );
    const source = `bucket/models/cli/model.onnx?versionId=${Versions.at(-1).VersionId}`;
    const back = ['--bucket', 'bucket', '--key', 'models/cli/model.onnx', '--copy-source', source];
    await aws('s3api', 'copy-object', ...back);
    await slipway.ending('cli', 3);
    expect(await answerOf('cli')).toEqual([11, 12]);

    await aws('s3', 'sync', 'files', 's3://bucket/notes/files');
    expect(await aws('s3', 'sync', 'files', 's3://bucket/notes/files')).toBe('');
    await aws('s3', 'mv', 's3://bucket/notes/files/large.bin', 's3://bucket/notes/large.bin');
    await aws('s3', 'cp', 's3://bucket/notes/large.bin', 'back.bin');
    expect((await readFile(path('back.bin'))).equals(await readFile(path('files/large.bin')))).toBe(
      true,
    );
    expect(await aws('s3', 'ls', '--recursive', 's3://bucket/notes/')).toMatch(
      / 1 notes\/files\/a\n.* 12000000 notes\/large.bin\n$/,
    );
    await aws('s3', 'rm', '--recursive', 's3://bucket/notes');
  },
);

itWith(
  withAws,
  'boto3 uploads in parts, signs URLs, and learns what became of a model',
  async (python) => {
    await execute(python, [script('boto3_client.py'), 'one.onnx', 'files/large.bin']);

    expect(await answerOf('boto3')).toEqual([11, 12]);
  },
);

itWith(withAws, 'MLflow keeps its artifacts there', async (python) => {
  await execute(python, [script('mlflow_client.py'), 'files']);
});

itWith(withS3fs, 's3fs is a file system over it', async (python) => {
  await execute(python, [script('s3fs_client.py'), 'one.onnx']);

  await slipway.ending('s3fs', 1);
  expect(await answerOf('s3fs')).toEqual([11, 12]);
});

itWith(withS3fs, 'DVC has it as a remote', async (python) => {
  const repository = path('repository');
  const dvc = (...args: readonly string[]) => execute(python, ['-m', 'dvc', ...args], repository);
  await mkdir(repository);
  await dvc('init', '--no-scm');
  await dvc('remote', 'add', '--default', 'slipway', 's3://bucket/dvc');
  await run('cp', ['-r', path('files'), join(repository, 'data')]);
  await dvc('add', 'data');
  await dvc('push');
  for (const name of ['data', '.dvc/cache']) await rm(join(repository, name), { recursive: true });

  await dvc('pull');

  expect((await readFile(join(repository, 'data/large.bin'))).length).toBe(LARGE_BYTES);
});

itWith(
  withS3fs,
  'models that DVC keeps in the bucket come by a push of their pointers',
  async (python) => {
    const clone = await gitClone(slipway, path('pushed'));
    const dvc = (...args: readonly string[]) => execute(python, ['-m', 'dvc', ...args], clone.path);
    await dvc('init');
    await dvc('remote', 'add', '--default', 'slipway', 's3://bucket/models-of-dvc');
    await clone.write('models/by-dvc/by-dvc.onnx', await readFile(path('one.onnx')));
    await clone.write('models/folder/inner/folder.onnx', await readFile(path('two.onnx')));
    await clone.write('models/folder/inner/model.yaml', '');
    await dvc('add', 'models/by-dvc/by-dvc.onnx', 'models/folder/inner');
    await clone.commit();

    const early = await clone.push('main');
    await dvc('push');
    const pushed = await clone.push('main');

    expect(early.err).toContain('Send them by `dvc push`');
    expect(pushed).toMatchObject({ code: 0 });
    expect(await answerOf('by-dvc')).toEqual([11, 12]);
    expect(await answerOf('folder')).toEqual([21, 22]);
  },
);
