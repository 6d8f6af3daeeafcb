import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { EnvironmentImage } from '#domain/build/environment-image.ts';
import { type BuiltImage, readImage } from '#domain/build/image.ts';
import type { PythonEnvironment } from '#domain/build/python-environment.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { fixtureOf } from '../support/models/dropped.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { ORDER } from '../support/worlds/build-order.ts';
import { built, CRANE, docker, LAMBDA_USER, output } from './docker.ts';
import { type Build, type ImageWorld, ONNX, openImageWorld, say } from './image-world.ts';
import { startBusy, startMountless, startRaceLost } from './registry.ts';

const plusOne = addConstantModel({ constant: 1 });
const plusTwo = addConstantModel({ constant: 2 });

describe('the image that a build leaves', () => {
  let world: ImageWorld;
  let image: BuiltImage;
  beforeAll(async () => {
    world = await openImageWorld();
    image = await world.build('digits-1', { 'model.onnx': plusOne });
    say(`${image.compressedBytes} bytes compressed, ${image.uncompressedBytes} uncompressed`);
  });
  afterAll(() => world.close());

  it('is one manifest for one platform, with gzip layers and the artifact’s sha256', async () => {
    const manifest = await world.manifestOf(image);
    const config = JSON.parse(await output(CRANE, 'config', '--insecure', world.byDigest(image)));

    expect(manifest.manifests).toBeUndefined();
    for (const { mediaType } of manifest.layers) expect(mediaType).toMatch(/[.+]gzip$/);
    expect([config.os, config.architecture]).toEqual(['linux', 'amd64']);
    const sha256 = createHash('sha256').update(plusOne).digest('hex');
    expect(image.artifactSha256).toBe(sha256);
    expect(config.config.Labels).toEqual({
      'slipway.artifact-sha256': sha256,
      'slipway.environments': 'onnx-e1',
      'slipway.proof': '',
      'slipway.unpacked-bytes': expect.stringMatching(/^\d+$/),
    });
    const unpacked = Number(config.config.Labels['slipway.unpacked-bytes']);
    expect(unpacked / image.uncompressedBytes).toBeCloseTo(1, 3);
  });

  it('comes with the time of its answers at each share of the CPU, over several periods of the quota', async () => {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }];
    const example = { protocol: 'infer', body: { inputs } };
    const order = { ...ORDER, facts: { ...ORDER.facts, example } };
    const files = { 'model.onnx': plusOne };

    const asked = await world.run('measured-1', {}, { ARTIFACT_URL: world.artifact(files, order) });

    const variables = asked.ExportedEnvironmentVariables;
    const { by, runs } = readImage('measured-1', variables, 'onnx').smoke?.measured ?? {};
    say(JSON.stringify(runs));
    expect(by).toBe('quota');
    const shares = [1, 2, 0.5].filter((vcpus) => vcpus <= availableParallelism());
    expect(runs?.map(({ vcpus, rows }) => [vcpus, rows])).toEqual([
      ...shares.map((vcpus) => [vcpus, 1]),
      [1, 8],
    ]);
    // Three are the least, which one period would hold. How many more depends on how busy the machine is.
    for (const { requests } of runs ?? []) expect(requests).toBeGreaterThan(3);
  });

  it('has the sizes that its build exported', async () => {
    const { config, layers } = await world.manifestOf(image);
    const sizes = [config, ...layers].map(({ size }) => size);
    const unpacked = await Promise.all(
      layers.map(async ({ digest }: { digest: string }) => {
        const blob = `${CRANE} blob --insecure ${world.repository}@${digest} | gunzip`;
        // The sizes of the files, without tar's own bytes. It reads to the end, so that gunzip does not die of a closed pipe.
        const count = `tar --list --verbose --ignore-zeros | awk '{ bytes += $3 } END { printf "%d", bytes }'`;
        return Number(await output('bash', '-o', 'pipefail', '-c', `${blob} | ${count}`));
      }),
    );

    const sum = (list: readonly number[]) => list.reduce((total, size) => total + size, 0);
    expect(image.compressedBytes).toBe(sum(sizes));
    // The engine also counts the names that links hold.
    expect(image.uncompressedBytes / sum(unpacked)).toBeCloseTo(1, 3);
  });

  it('carries of onnxruntime, sharp and the tokenizers what this processor needs, and no build tools', async () => {
    const names = ['*.node', 'esbuild', '*.so.1', 'libvips-cpp.so*'];
    const find = ['/opt', ...names.flatMap((name) => ['-o', '-name', name]).slice(1)];
    const found = await docker(
      'run',
      '--rm',
      '--entrypoint',
      'find',
      world.byDigest(image),
      ...find,
    );

    const versionless = found.replaceAll(/-?\d+\.\d+\.\d+(?=\.node|$)/gm, '');
    const bin = '/opt/runtime/node_modules/onnxruntime-node/bin/napi-v6/linux/x64';
    expect(versionless.split('\n').toSorted()).toEqual([
      '/opt/runtime/node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.',
      '/opt/runtime/node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node',
      `${bin}/libonnxruntime.so.1`,
      `${bin}/onnxruntime_binding.node`,
      '/opt/runtime/node_modules/tokenizers/tokenizers.linux-x64-gnu.node',
    ]);
  });

  it('is adopted by another build of the same bytes and tag', async () => {
    const answer = await world.run('digits-1', { 'model.onnx': plusOne });

    expect(await world.logOf(answer)).toContain('adopted');
    expect(
      withoutSmoke(readImage('digits-1', answer.ExportedEnvironmentVariables, 'onnx')),
    ).toEqual(withoutSmoke(image));
  });

  it('is not overwritten by other bytes under the same tag', async () => {
    const answer = await world.run('digits-1', { 'model.onnx': plusTwo });

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/digits-1 holds another artifact/);
    expect(await output(CRANE, 'digest', '--insecure', `${world.repository}:digits-1`)).toBe(
      image.digest,
    );
  });

  it('is adopted by a build that finds its tag taken only when it pushes', async () => {
    const front = await startRaceLost(world.registry, 'digits-1');
    const variables = {
      REPOSITORY: `${front.host}/slipway/models`,
      ENVIRONMENTS: `${front.host}/slipway/environments`,
    };

    const answer = await world.run('digits-1', { 'model.onnx': plusOne }, variables);
    await front.close();

    expect(await world.logOf(answer)).toContain('adopted');
    expect(readImage('digits-1', answer.ExportedEnvironmentVariables, 'onnx').digest).toBe(
      image.digest,
    );
  });

  it('shares with the next model’s image all layers but the last', async () => {
    const next = await world.build('shapes-1', {
      'weights/shapes.onnx': plusTwo,
      '.dockerignore': Buffer.from('*'),
    });

    const [one, other] = [await world.manifestOf(image), await world.manifestOf(next)];
    expect(other.layers.slice(0, -1)).toEqual(one.layers.slice(0, -1));
    expect(other.layers.at(-1)).not.toEqual(one.layers.at(-1));
    const listed = await docker(
      ...['run', '--rm', '--user', LAMBDA_USER, '--entrypoint', 'sha256sum', world.byDigest(next)],
      ...['/opt/model/.dockerignore', '/opt/model/weights/shapes.onnx'],
    );
    const listing = `${listed.replaceAll('/opt/model/', '')}\n`;
    expect(createHash('sha256').update(listing).digest('hex')).toBe(next.artifactSha256);
  });

  it('has the environment’s layers also from a registry that mounts none', async () => {
    const front = await startMountless(world.registry);
    const variables = {
      REPOSITORY: `${front.host}/slipway/others`,
      ENVIRONMENTS: `${front.host}/slipway/environments`,
    };

    const answer = await world.run('digits-1', { 'model.onnx': plusOne }, variables);
    await front.close();

    expect(readImage('digits-1', answer.ExportedEnvironmentVariables, 'onnx').digest).toBe(
      image.digest,
    );
  });

  it('is made also where the registry is too busy at first', async () => {
    const front = await startBusy(world.registry);
    const variables = {
      REPOSITORY: `${front.host}/slipway/patient`,
      ENVIRONMENTS: `${front.host}/slipway/environments`,
    };

    const answer = await world.run('digits-1', { 'model.onnx': plusOne }, variables);
    await front.close();

    expect(readImage('digits-1', answer.ExportedEnvironmentVariables, 'onnx').digest).toBe(
      image.digest,
    );
  });

  it('is not made of a model that its server does not load, and its log says why', async () => {
    const answer = await world.run('broken-1', { 'model.onnx': plusOne.slice(0, -20) });

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/does not serve its model: .*[Pp]rotobuf/s);
  });

  it('explains in its log that its environment is gone', async () => {
    const order = { ...ORDER, environments: { ...ORDER.environments, onnx: 'onnx-gone' } };
    const ARTIFACT_URL = world.artifact({ 'model.onnx': plusOne }, order);
    const answer = await world.run('digits-3', {}, { ARTIFACT_URL });

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/environments:onnx-gone was not found/);
  });

  it('never has a signed URL in its log', async () => {
    const url = `${world.artifact({ 'model.onnx': plusOne })}?X-Amz-Signature=secret`;
    const answer = await world.run('digits-1', {}, { ARTIFACT_URL: url });

    expect(answer.BuildStatus).toBe('SUCCEEDED');
    expect(await world.logOf(answer)).not.toContain('secret');
  });
});

describe('the image of a model of Python', () => {
  const model = fixtureOf('xgboost', 'binary-3.4.ubj');
  const python = { python: '3.13', orElse: [], requirements: ['xgboost-cpu==3.4.1'] };
  const order = {
    ...ORDER,
    runtime: 'python',
    keptBecause: null,
    facts: { ...ORDER.facts, format: 'xgboost', modelFile: 'model.ubj' },
    python,
    environments: { onnx: ONNX.tag, python: 'python-e1' },
  } as const;
  let world: ImageWorld;
  let bytes: Buffer;
  beforeAll(async () => {
    world = await openImageWorld();
    bytes = readFileSync(model.path);
    const made = await world.runEnvironments([environment('python-e1', 'python', python)]);
    if (made.BuildStatus !== 'SUCCEEDED') throw new Error(await world.logOf(made));
  });
  afterAll(() => world.close());

  const run = (tag: string, over: object = {}) =>
    world.run(
      tag,
      {},
      { ARTIFACT_URL: world.artifact({ 'model.ubj': bytes }, { ...order, ...over }) },
    );

  it('is pushed with what was found out by loading it, which an adoption reads again', async () => {
    const [first, again] = [await run('native-1'), await run('native-1')];
    const read = (build: Build) =>
      readImage('native-1', build.ExportedEnvironmentVariables, 'python');

    expect(read(first).proof).toMatchObject({
      runtime: 'python',
      conversion: { kept: false, reason: 'no converter supports this version of its framework' },
      packages: expect.arrayContaining(['xgboost-cpu==3.4.1']),
    });
    expect(await world.logOf(again)).toContain('adopted');
    expect(withoutSmoke(read(again))).toEqual(withoutSmoke(read(first)));
  });

  it('is not made where a module that is imported has no compiled form', async () => {
    const [from, to] = ['python-e1', 'python-e2'].map((tag) => `${world.environments}:${tag}`);
    const without = `FROM ${from}\nUSER root\nRUN find /opt/venv -name "core*.pyc" -delete\nUSER 1000:1000\n`;
    await built(to ?? '', without);
    const answer = await run('native-2', {
      environments: { ...order.environments, python: 'python-e2' },
    });

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/files have no compiled form: .*xgboost\/core/);
  });

  it('is loaded, before and after, where its code reaches nothing and writes to no file of the model', async () => {
    const files = {
      'predict.py': Buffer.from(CURIOUS),
      'requirements.txt': Buffer.from(''),
    };
    const code = { format: 'python', brings: 'code', modelFile: '.' } as const;
    const facts = { ...order.facts, ...code, entrypoint: 'predict.py:predict' };
    const keptBecause = 'it may bring code';
    const ARTIFACT_URL = world.artifact(files, { ...order, keptBecause, facts });

    const answer = await world.run('curious-1', {}, { ARTIFACT_URL });

    expect(answer.BuildStatus === 'SUCCEEDED' || (await world.logOf(answer))).toBe(true);
  });
});

/** Code that refuses to be loaded where it finds a way out. */
const CURIOUS = `
import os, socket

def may(task):
    try:
        task()
        return True
    except OSError:
        return False

here = os.path.dirname(os.path.abspath(__file__))
ways = {
    "writes beside itself": lambda: open(os.path.join(here, "x"), "w"),
    "writes to its facts": lambda: open(os.environ["MODEL_FACTS"], "a"),
    "writes to the system": lambda: open("/opt/x", "w"),
    "reaches the host": lambda: socket.create_connection(("172.17.0.1", 22), 1),
    "reaches the metadata": lambda: socket.create_connection(("169.254.169.254", 80), 1),
    "becomes root": lambda: os.setuid(0),
}
found = [name for name, way in ways.items() if may(way)]
if found:
    raise RuntimeError(f"it {found}")

def predict(rows):
    return rows
`;

describe('the image of an environment', () => {
  let world: ImageWorld;
  beforeAll(async () => {
    world = await openImageWorld();
  });
  afterAll(() => world.close());

  it('is built once', async () => {
    const again = await world.runEnvironments([ONNX]);

    expect(again.BuildStatus).toBe('SUCCEEDED');
    expect(await world.logOf(again)).toContain(`${world.environments}:onnx-e1 already exists`);
  });

  it('is one manifest for one platform, and holds no model', async () => {
    const name = `${world.environments}:onnx-e1`;
    const manifest = JSON.parse(await output(CRANE, 'manifest', '--insecure', name));
    const files = await docker('run', '--rm', '--entrypoint', 'ls', name, '/opt');

    expect(manifest.manifests).toBeUndefined();
    expect(files.split('\n')).toEqual(['extensions', 'runtime']);
  });

  it('explains in its log why it could not be built', async () => {
    const missing = { WEB_ADAPTER_IMAGE: `${world.registry.host}/no/such:adapter` };
    const answer = await world.runEnvironments([{ ...ONNX, tag: 'onnx-e2' }], missing);

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/no\/such:adapter: not found/);
  });

  it('is not missed where it is a converter that nobody makes', async () => {
    const python = { python: '3.13', orElse: [], requirements: ['no-such-package-of-anybody==1'] };
    const answer = await world.runEnvironments([environment('convert-e1', 'convert', python)]);

    expect(answer.BuildStatus).toBe('SUCCEEDED');
    expect(await world.logOf(answer)).toMatch(
      /could not make convert-e1 for no-such-package-of-anybody==1/,
    );
  });

  it('fails where a package is missing that its model is served by', async () => {
    const python = { python: '3.13', orElse: [], requirements: ['no-such-package-of-anybody==1'] };
    const answer = await world.runEnvironments([environment('python-e1', 'python', python)]);

    expect(answer.BuildStatus).toBe('FAILED');
    expect(await world.logOf(answer)).toMatch(/no-such-package-of-anybody/);
  });
});

/** The measurements of a start are never the same twice. */
function withoutSmoke(image: BuiltImage) {
  return { ...image, smoke: null };
}

function environment(tag: string, name: string, python: PythonEnvironment): EnvironmentImage {
  const kind = RUNTIMES.python.image.environments.find((each) => each.name === name);
  if (!kind) throw new Error(`Python has no environment ${name}`);
  return { ...kind, tag, runtime: 'python', python };
}
