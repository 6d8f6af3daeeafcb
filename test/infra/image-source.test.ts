import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { unzipSync } from 'fflate';
import { listen } from '#adapters/local/http/listen.ts';

const imageSource = createRequire(import.meta.url)('../../infra/image-source.cjs');

const FILES = {
  'buildspecs/image.yml': 'version: 0.2',
  // This file sorts before those in the folder, because a slash comes after a dot.
  'runtimes/onnx.md': 'ONNX',
  'runtimes/onnx/Dockerfile': 'FROM scratch',
  'runtimes/onnx/main.ts': 'main();',
};
const LEFT_OUT = {
  'infra/roles.cjs': '',
  'runtimes/onnx/node_modules/a/index.js': '',
  'runtimes/onnx/dist/main.js': '',
  'runtimes/python/__pycache__/a.pyc': '',
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-source-'));
  await lay({ ...FILES, ...LEFT_OUT });
});
afterEach(() => rm(root, { recursive: true }));

describe('the name of the source of image builds', () => {
  it('is that of its stage and of its bytes, on any day and any machine', async () => {
    const key = await asked('key');
    await utimes(join(root, 'buildspecs/image.yml'), 1, 1);

    // The zip of these files, wherever and whenever it is made.
    expect(key).toBe('serverless/slipway/dev/image-source/e5b85770174c69441367551611c1c9a9.zip');
    expect(await asked('key')).toBe(key);
    expect(await asked('key', { 'sls:stage': 'prod' })).toBe(key.replace('/dev/', '/prod/'));
  });

  it('changes with what builds need, and with nothing else', async () => {
    const key = await asked('key');
    await lay({ 'infra/roles.cjs': '2', 'runtimes/onnx/node_modules/a/index.js': '2' });
    expect(await asked('key')).toBe(key);

    await lay({ 'buildspecs/image.yml': 'version: 0.3' });
    const second = await asked('key');
    await lay({ 'runtimes/onnx/more.ts': '' });

    expect(new Set([key, second, await asked('key')]).size).toBe(3);
  });
});

describe('the hash of environments', () => {
  it('is of the same files, and of the web adapter that is put into each', async () => {
    const before = await asked('environmentHash');
    const other = await asked('environmentHash', { 'param:webAdapterImage': 'adapter:2' });
    await lay({ 'runtimes/onnx/Dockerfile': 'FROM debian' });

    expect(before).toBe('a946b84428cac1747cf08b8f7a330818');
    expect(new Set([before, other, await asked('environmentHash')]).size).toBe(3);
  });

  it('is one of two things that there are to ask for', async () => {
    await expect(asked('hash')).rejects.toThrow(
      'imageSource has a key and an environmentHash, no hash',
    );
  });
});

describe('the source that is deployed', () => {
  it('has the files that builds need, as they are, and is put where the template reads it', async () => {
    await using bucket = await bucketServer();
    const { hooks } = plugin(bucket.endpoint);

    await hooks['before:aws:package:finalize:saveServiceState']();
    await hooks['after:aws:deploy:deploy:uploadArtifacts']();

    const zip = await readFile(join(root, '.serverless/image-source.zip'));
    const texts = Object.entries(unzipSync(zip)).map(([name, bytes]) => [
      name,
      String(Buffer.from(bytes)),
    ]);
    expect(texts).toEqual(Object.entries(FILES));
    expect(bucket.put).toEqual([{ path: `/deployments/${await asked('key')}`, sha: sha(zip) }]);
  });

  it('is packaged over the one before', async () => {
    const { hooks } = plugin();
    const packaged = async () => {
      await hooks['before:aws:package:finalize:saveServiceState']();
      return sha(await readFile(join(root, '.serverless/image-source.zip')));
    };

    const before = await packaged();
    await lay({ 'buildspecs/image.yml': 'version: 0.3' });

    expect(await packaged()).not.toBe(before);
  });

  it('is not put anywhere where nothing is deployed', async () => {
    await using bucket = await bucketServer();
    const { hooks } = plugin(bucket.endpoint, { shouldNotDeploy: true });

    await hooks['before:aws:package:finalize:saveServiceState']();
    await hooks['after:aws:deploy:deploy:uploadArtifacts']();

    expect(bucket.put).toEqual([]);
  });
});

async function lay(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

/** The plugin in the hands of osls. */
function plugin(endpoint = '', provider: { readonly shouldNotDeploy?: boolean } = {}) {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
  const settings = { endpoint, region: 'us-east-1', forcePathStyle: true, credentials };
  return imageSource({
    serviceDir: root,
    service: { provider },
    getProvider: (name: string) =>
      ({
        aws: {
          getAwsSdkV3Config: async () => settings,
          getServerlessDeploymentBucketName: async () => 'deployments',
          getStage: () => 'dev',
        },
      })[name],
  });
}

/** The value that the template gets for `${imageSource:ADDRESS}`. */
async function asked(
  address: string,
  over: Readonly<Record<string, string>> = {},
): Promise<string> {
  const variables: Readonly<Record<string, string>> = {
    'sls:stage': 'dev',
    'param:webAdapterImage': 'adapter:1',
    ...over,
  };
  const resolveVariable = async (name: string) => variables[name];
  const { imageSource: source } = plugin().configurationVariablesSources;
  return (await source.resolve({ address, resolveVariable })).value;
}

/** A bucket that records the objects put into it. */
async function bucketServer() {
  const put: { path: string; sha: string }[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { pathname } = new URL(request.url ?? '', 'http://bucket');
    if (request.method === 'PUT') put.push({ path: pathname, sha: sha(body) });
    response.end();
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    put,
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
