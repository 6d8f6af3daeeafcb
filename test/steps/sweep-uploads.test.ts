import { Failure } from '#domain/failure.ts';
import { objectCreated } from '#domain/workflow.ts';
import { admitDeployment } from '#steps/admit-deployment.ts';
import { sweep } from '#steps/sweep.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { BUCKET, idOf } from '../support/worlds/memory.ts';
import { HOUR_MS, MINUTE_MS, NOTHING, nameOf, sweptWorld } from '../support/worlds/swept.ts';

describe('an upload that no execution was started for', () => {
  it('gets one, for the event that S3 would have sent', async () => {
    const { world, starts, run } = sweptWorld();
    const event = world.upload();
    world.clock.advance(6 * MINUTE_MS);

    const swept = await run();

    expect(swept).toEqual({ ...NOTHING, started: [await nameOf(event, 1)] });
    // Nobody knows the request by which it came any more.
    const { 'request-id': _, ...detail } = objectCreated.parse(event).detail;
    expect(starts[0]?.input).toEqual({ detail });
  });

  it('gets one from a store that tells no sequencer', async () => {
    const { world, deps, starts } = sweptWorld();
    const { detail } = world.upload();
    world.clock.advance(6 * MINUTE_MS);
    const newest: typeof world.store.newest = async (...asked) => {
      const { objects, next } = await world.store.newest(...asked);
      return { objects: objects.map((object) => ({ ...object, sequencer: '' })), next };
    };

    await sweep({ ...deps, artifacts: { ...world.store, newest } })();

    const { sequencer: _, ...object } = objectCreated.parse({ detail }).detail.object;
    expect(starts[0]?.input).toEqual({ detail: { bucket: { name: BUCKET }, object } });
  });

  it('gets none where it is a part of the model’s own folder, which gets one', async () => {
    const { world, run } = sweptWorld();
    const manifest = world.store.put('models/digits/model.yaml', Buffer.from(''));
    world.upload();
    world.clock.advance(6 * MINUTE_MS);

    const { started } = await run();

    const { key, versionId } = manifest;
    const object = { key, 'version-id': versionId };
    expect(started).toEqual([await nameOf({ detail: { bucket: { name: BUCKET }, object } }, 1)]);
  });

  it('gets one where it is the data that an ONNX model has waited for, and no other data', async () => {
    const { world, starts, run } = sweptWorld();
    const admit = admitDeployment(world.deps);
    await admit({ event: world.upload(), execution: 'run-1' });
    await admit({ event: world.upload({ model: 'shapes' }), execution: 'run-2' });
    const key = 'models/digits/model.onnx.data';
    const { versionId, sequencer } = world.store.put(key, Buffer.from('x'));
    world.store.put('models/others/model.onnx.data', Buffer.from('x'));
    world.clock.advance(6 * MINUTE_MS);

    await run();

    const lost = starts.filter(({ input }) => !('recovery' in (input as object)));
    expect(lost.map(({ input }) => input)).toEqual([
      {
        detail: { bucket: { name: BUCKET }, object: { key, 'version-id': versionId, sequencer } },
      },
    ]);
  });

  it('gets none while its event may still be on its way', async () => {
    const { world, starts, run } = sweptWorld();
    world.upload();
    world.clock.advance(4 * MINUTE_MS);

    await run();

    expect(starts).toEqual([]);
  });

  it('is asked for by the same name until the hour is over', async () => {
    const { world, starts, run } = sweptWorld();
    const event = world.upload();
    world.clock.advance(6 * MINUTE_MS);
    const name = await nameOf(event, 1);
    expect((await run()).started).toEqual([name]);
    world.clock.advance(15 * MINUTE_MS);

    expect((await run()).started).toEqual([name]);

    expect(starts).toHaveLength(1);
  });

  it('is tried again in the next hour when the execution died before it was admitted', async () => {
    const { world, run } = sweptWorld();
    const event = world.upload();
    world.clock.advance(6 * MINUTE_MS);
    await run();
    world.executions.end(await nameOf(event, 1));
    world.clock.advance(HOUR_MS);

    expect(await run()).toEqual({ ...NOTHING, started: [await nameOf(event, 2)] });
  });

  it('is left for the next hour where an execution that has ended keeps its name', async () => {
    const { world, deps } = sweptWorld();
    const event = world.upload();
    world.clock.advance(6 * MINUTE_MS);
    const start = async () => {
      throw new Failure('InputInvalid', 'ExecutionAlreadyExists');
    };

    const swept = await sweep({ ...deps, executions: { ...deps.executions, start } })();

    expect(swept).toEqual(NOTHING);
    world.clock.advance(HOUR_MS);
    expect((await sweep(deps)()).started).toEqual([await nameOf(event, 2)]);
  });

  it('is not tried again while the execution of the hour before runs', async () => {
    const { world, run } = sweptWorld();
    world.upload();
    world.clock.advance(59 * MINUTE_MS);
    await run();
    world.clock.advance(15 * MINUTE_MS);

    expect(await run()).toEqual(NOTHING);
  });

  it('gets one in each model, the newest only, whatever its key', async () => {
    const { world, run } = sweptWorld();
    world.upload({ file: 'z.onnx' });
    const digits = world.upload({ file: 'a.onnx' });
    const shapes = world.upload({ model: 'shapes' });
    world.clock.advance(6 * MINUTE_MS);

    const names = [await nameOf(digits, 1), await nameOf(shapes, 1, 'shapes')];
    expect((await run()).started).toEqual(names);
  });

  it('gets one for a folder by its manifest', async () => {
    const { world, starts, run } = sweptWorld();
    for (const file of ['model.yaml', 'weights.bin', 'deep/model.onnx']) {
      world.store.put(`models/digits/v1/${file}`, Buffer.from(file));
    }
    world.clock.advance(6 * MINUTE_MS);

    await run();

    expect(starts).toMatchObject([
      { input: { detail: { object: { key: 'models/digits/v1/model.yaml' } } } },
    ]);
  });

  it('waits for a newer one of its model that may still be on its way', async () => {
    const { world, run } = sweptWorld();
    world.upload();
    world.clock.advance(6 * MINUTE_MS);
    world.upload();

    expect((await run()).started).toEqual([]);
  });
});

describe('nothing is started', () => {
  it('for an upload that is live', async () => {
    const { world, starts, run } = sweptWorld();
    await world.deploy();
    world.clock.advance(6 * MINUTE_MS);

    await run();

    expect(starts).toEqual([]);
  });

  it('for one that was ignored, as it is the same as what is live', async () => {
    const { world, starts, run } = sweptWorld();
    const bytes = addConstantModel({ constant: 1 });
    await world.deploy(world.upload({ bytes }));
    const event = world.upload({ bytes });
    await world.steps.AdmitDeployment({ event, execution: 'execution-2' });
    world.clock.advance(6 * MINUTE_MS);

    await run();

    expect((await world.recordOf({ deploymentId: await idOf(event) })).phase).toBe('Ignored');
    expect(starts).toEqual([]);
  });

  it('for one that is older than what was admitted last', async () => {
    const { world, starts, run } = sweptWorld();
    world.upload({ file: 'a.onnx' });
    await world.deploy(world.upload({ file: 'b.onnx' }));
    world.store.remove('models/digits/b.onnx');
    world.clock.advance(6 * MINUTE_MS);

    await run();

    expect(starts).toEqual([]);
  });

  it('for one that was deleted, or that starts no deployment', async () => {
    const { world, starts, run } = sweptWorld();
    world.store.remove(world.upload().detail.object.key);
    for (const key of ['models/digits/a.onnx.yaml', 'models/digits/readme', 'models/a.onnx']) {
      world.store.put(key, Buffer.from('x'));
    }
    world.clock.advance(6 * MINUTE_MS);

    await run();

    expect(starts).toEqual([]);
  });
});

it('a newer upload of a live model gets its execution', async () => {
  const { world, run } = sweptWorld();
  await world.deploy();
  const event = world.upload();
  world.clock.advance(6 * MINUTE_MS);

  expect((await run()).started).toEqual([await nameOf(event, 1)]);
});

it('finds an upload on whatever page of the store’s list it is', async () => {
  const { world, starts, run } = sweptWorld();
  for (const model of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) world.upload({ model });
  world.clock.advance(6 * MINUTE_MS);

  await run();

  expect(starts).toHaveLength(7);
});

it('looks at a bounded part of the store', async () => {
  const { world, deps } = sweptWorld();
  const asked: string[] = [];
  const newest: typeof world.store.newest = async (_bucket, _prefix, after) => {
    asked.push(after);
    return { objects: [], next: `${after}x` };
  };

  await sweep({ ...deps, artifacts: { ...world.store, newest } })();

  expect(asked).toHaveLength(100);
  expect(asked.slice(0, 3)).toEqual(['', 'x', 'xx']);
});
