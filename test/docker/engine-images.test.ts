import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#adapters/clocks.ts';
import { dockerEnvironments, dockerModelImages } from '#adapters/local/images/docker-images.ts';
import { describeEnvironmentImages } from '../contracts/environment-images.ts';
import { describeModelImages } from '../contracts/model-images.ts';
import { docker } from './docker.ts';

const HOUR_MS = 3_600_000;
const DIGITS = `digits-${'c'.repeat(32)}`;

/** Images of one data folder that hold nothing, in an engine that others use too. */
async function engineWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-empty-'));
  const empty = join(folder, 'empty.tar');
  writeFileSync(empty, Buffer.alloc(1024));
  const label = `slipway.data=${randomUUID()}`;
  const named: string[] = [];
  const byBytes = new Map<string, string>();
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };

  async function make(name: string, labels: readonly string[], bytes = name) {
    named.push(name);
    const same = byBytes.get(bytes);
    byBytes.set(bytes, name);
    if (same) return docker('tag', same, name);
    const changes = labels.flatMap((each) => ['--change', `LABEL ${each}`]);
    return docker('import', ...changes, empty, name);
  }

  const removeEnvironment = (tag: string) => docker('image', 'rm', `slipway-environment:${tag}`);
  return {
    images: dockerModelImages({ label }),
    environments: dockerEnvironments({ label, clock }),
    advance: (ms: number) => {
      aheadMs += ms;
    },
    async buildModel(tag: string, bytes?: string, environments = 'onnx-none') {
      await make(`slipway/${tag}`, [label, `slipway.environments="${environments}"`], bytes);
    },
    async buildEnvironment(tag: string, ofFolder = label) {
      await make(`slipway-environment:${tag}`, [ofFolder]);
    },
    async removeEnvironment(tag: string) {
      await removeEnvironment(tag);
    },
    async close() {
      await docker('image', 'rm', ...named).catch(() => undefined);
      rmSync(folder, { recursive: true });
    },
  };
}

describeModelImages('dockerModelImages', async () => {
  const world = await engineWorld();
  return { ...world, build: world.buildModel };
});

describeEnvironmentImages('dockerEnvironments', async () => {
  const world = await engineWorld();
  return { ...world, build: world.buildEnvironment, remove: world.removeEnvironment };
});

describe('the images of a data folder', () => {
  it('are not those of another one', async () => {
    const [world, other] = [await engineWorld(), await engineWorld()];
    await other.buildModel(DIGITS);

    expect(await world.images.all()).toEqual([]);

    await Promise.all([world.close(), other.close()]);
  });
});

describe('an environment in the engine', () => {
  let world: Awaited<ReturnType<typeof engineWorld>>;
  beforeEach(async () => {
    world = await engineWorld();
  });
  afterEach(() => world.close());

  const idle = async () => false;
  const missing = () => world.environments.missing(['onnx-u1']);

  it('is taken away when it is an hour old and no image is made of it', async () => {
    await world.buildEnvironment('onnx-u1');
    expect(await world.environments.clear(idle)).toEqual([]);
    world.advance(HOUR_MS);

    expect(await world.environments.clear(idle)).toEqual(['onnx-u1']);
    expect(await missing()).toEqual(['onnx-u1']);
  });

  it('stays as long as the image of a model is made of it, and goes after that', async () => {
    await world.buildEnvironment('onnx-u1');
    await world.buildModel(DIGITS, 'one', 'python-p1 onnx-u1');
    world.advance(HOUR_MS);

    expect(await world.environments.clear(idle)).toEqual([]);
    for (const image of await world.images.all()) await world.images.remove(image);

    expect(await world.environments.clear(idle)).toEqual(['onnx-u1']);
  });

  it('stays while something is deployed', async () => {
    await world.buildEnvironment('onnx-u1');
    world.advance(HOUR_MS);

    expect(await world.environments.clear(async () => true)).toEqual([]);
    expect(await missing()).toEqual([]);
  });

  it('stays when it is of another data folder', async () => {
    await world.buildEnvironment('onnx-u1', 'slipway.data=other');
    world.advance(HOUR_MS);

    expect(await world.environments.clear(idle)).toEqual([]);
  });

  it('is not told to be there by one who asks while it is being taken away', async () => {
    await world.buildEnvironment('onnx-u1');
    world.advance(HOUR_MS);
    let asked: Promise<readonly string[]> | undefined;

    await world.environments.clear(async () => {
      asked = missing();
      return false;
    });

    expect(await asked).toEqual(['onnx-u1']);
  });
});
