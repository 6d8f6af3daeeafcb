import type { ObjectCreated } from '#domain/workflow.ts';
import { admitDeployment } from '#steps/admit-deployment.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { BUCKET, idOf, type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const BYTES = addConstantModel({ constant: 1 });

/** The event of any object's arrival. */
function arrival(world: MemoryWorld, key: string, text = 'x'): ObjectCreated {
  const { versionId, sequencer } = world.store.put(key, Buffer.from(text));
  const object = { key, 'version-id': versionId, sequencer };
  return { detail: { bucket: { name: BUCKET }, object } };
}

describe('an upload', () => {
  it('is admitted with a version number and its bytes pinned', async () => {
    const world = memoryWorld();
    const event = world.upload({ bytes: BYTES });

    const answer = await admitDeployment(world.deps)({ event, execution: 'run-1' });

    const id = await idOf(event);
    expect(answer).toEqual({ kind: 'admitted', id, model: 'digits', reason: '' });
    expect(await world.registry.deployment(id)).toMatchObject({
      version: 1,
      phase: 'Admitted',
      artifact: {
        bucket: BUCKET,
        parts: [{ name: 'model.onnx', key: 'models/digits/model.onnx', sizeBytes: BYTES.length }],
        manifest: null,
      },
    });
  });

  it('is recorded with who dropped it, and its first event says so', async () => {
    const world = memoryWorld();
    const { detail } = world.upload();
    const said = {
      requester: '123456789012',
      'source-ip-address': '1.2.3.4',
      'request-id': 'N4N7GDK58NMKJ12R',
    };
    const describe: typeof world.store.describe = async (ref) => {
      const stored = await world.store.describe(ref);
      return stored && { ...stored, claims: 'ann' };
    };
    const artifacts = { ...world.store, describe };
    const event = { detail: { ...detail, ...said } };

    const { id } = await admitDeployment({ ...world.deps, artifacts })({
      event,
      execution: 'run-1',
    });

    const droppedBy = {
      requester: '123456789012',
      address: '1.2.3.4',
      requestId: 'N4N7GDK58NMKJ12R',
      claims: 'ann',
    };
    expect((await world.registry.deployment(id))?.artifact.droppedBy).toEqual(droppedBy);
    expect((await world.told(id))[0]?.data).toEqual({ droppedBy });
  });

  it('that is refused says who dropped it', async () => {
    const world = memoryWorld();
    const { detail } = arrival(world, 'models/No Name/a.onnx');

    const { id } = await admitDeployment(world.deps)({
      event: { detail: { ...detail, requester: 'ann (uid 1001)' } },
      execution: 'run-1',
    });

    expect((await world.told(id))[0]).toMatchObject({
      state: 'Rejected',
      data: { droppedBy: { requester: 'ann (uid 1001)' } },
    });
  });

  it('is ordered by the sequencer of its event where the store tells none', async () => {
    const world = memoryWorld();
    const event = world.upload();
    const describe: typeof world.store.describe = async (ref) => {
      const stored = await world.store.describe(ref);
      return stored && { ...stored, sequencer: '' };
    };
    const artifacts = { ...world.store, describe };

    const { id } = await admitDeployment({ ...world.deps, artifacts })({
      event,
      execution: 'run-1',
    });

    const { order } = (await world.registry.deployment(id))!;
    expect(order?.sequencer).toBe(event.detail.object.sequencer);
    expect(order?.sequencer).not.toBe('');
  });

  it('is deployed with the manifest beside it, as it was then', async () => {
    const world = memoryWorld();
    const event = world.upload({ manifest: 'examples: []' });
    const manifest = await world.store.latest(BUCKET, 'models/digits/model.onnx.yaml');

    await admitDeployment(world.deps)({ event, execution: 'run-1' });
    arrival(world, 'models/digits/model.onnx.yaml', 'rollout: {}');

    const deployment = await world.registry.deployment(await idOf(event));
    expect(deployment?.artifact.manifest).toMatchObject({
      name: 'model.yaml',
      versionId: manifest?.versionId,
    });
  });

  it('of ONNX has the tensors beside it that its exporter left out of it', async () => {
    const world = memoryWorld();
    arrival(world, 'models/digits/model.onnx.data');
    arrival(world, 'models/digits/other.onnx.data');
    const event = world.upload();

    const { id } = await admitDeployment(world.deps)({ event, execution: 'run-1' });

    const { artifact } = (await world.registry.deployment(id))!;
    expect(artifact.parts.map(({ name }) => name)).toEqual(['model.onnx', 'model.onnx.data']);
  });

  it('of a folder is all that lies there when its model.yaml comes', async () => {
    const world = memoryWorld();
    arrival(world, 'models/digits/v1/model.onnx');
    arrival(world, 'models/digits/v1/data/weights.bin');
    arrival(world, 'models/digits/v10/other.onnx');
    const event = arrival(world, 'models/digits/v1/model.yaml', '');

    const { id } = await admitDeployment(world.deps)({ event, execution: 'run-1' });

    const { artifact } = (await world.registry.deployment(id))!;
    expect(artifact.parts.map(({ name }) => name)).toEqual(['data/weights.bin', 'model.onnx']);
    expect(artifact.manifest?.key).toBe('models/digits/v1/model.yaml');
  });

  it('of a folder has neither what is hidden there nor what S3’s console remembers folders by', async () => {
    const world = memoryWorld();
    arrival(world, 'models/digits/', '');
    arrival(world, 'models/digits/v1/', '');
    arrival(world, 'models/digits/v1/data/', '');
    for (let each = 0; each < 1100; each += 1) arrival(world, `models/digits/v1/.git/${each}`);
    arrival(world, 'models/digits/v1/.DS_Store');
    arrival(world, 'models/digits/v1/.python-version', '3.12');
    arrival(world, 'models/digits/v1/data/weights.bin');
    arrival(world, 'models/digits/v1/model.onnx');
    const event = arrival(world, 'models/digits/v1/model.yaml', '');

    const { id } = await admitDeployment(world.deps)({ event, execution: 'run-1' });

    const { artifact } = (await world.registry.deployment(id))!;
    expect(artifact.parts.map(({ name }) => name)).toEqual([
      '.python-version',
      'data/weights.bin',
      'model.onnx',
    ]);
  });

  it('whose event names no version is the newest of its key', async () => {
    const world = memoryWorld();
    world.upload();
    const { detail } = world.upload();
    const { key } = detail.object;

    const { id } = await admitDeployment(world.deps)({
      event: { detail: { ...detail, object: { key } } },
      execution: 'run-1',
    });

    expect(id).toBe(await idOf({ detail }));
  });

  it('older than one that is admitted is superseded', async () => {
    const world = memoryWorld();
    const older = world.upload();
    const newer = world.upload();
    const admit = admitDeployment(world.deps);
    await admit({ event: newer, execution: 'run-2' });

    const first = await admit({ event: older, execution: 'run-1' });
    const again = await admit({ event: older, execution: 'run-1' });

    expect([first.kind, again.kind]).toEqual(['superseded', 'superseded']);
  });
});

describe('external data that comes after its ONNX model', () => {
  const DATA = 'models/digits/model.onnx.data';

  it.each([
    { when: 'has been rejected', before: [], isEnded: true },
    { when: 'is under way', before: [], isEnded: false },
    { when: 'is under way with a version of before', before: [DATA], isEnded: false },
  ])('starts the deployment of both where the one without it $when', async (other) => {
    const { before, isEnded } = other;
    const world = memoryWorld();
    for (const key of before) arrival(world, key, 'of before');
    const admit = admitDeployment(world.deps);
    const alone = await admit({ event: world.upload(), execution: 'run-1' });
    const ending = { deploymentId: alone.id, reason: 'it lacks data', degraded: false } as const;
    if (isEnded) await world.registry.settle({ ...ending, to: 'Rejected' });

    const event = arrival(world, DATA);
    const both = await admit({ event, execution: 'run-2' });
    const again = await admit({ event, execution: 'run-2' });

    expect([both.kind, again]).toEqual(['admitted', both]);
    expect(both.id).toBe(await idOf(event));
    const deployment = await world.registry.deployment(both.id);
    expect(deployment).toMatchObject({ version: 2, artifact: { key: 'models/digits/model.onnx' } });
    expect(deployment?.artifact.parts.map(({ name }) => name)).toEqual([
      'model.onnx',
      'model.onnx.data',
    ]);
  });

  it('starts the next only with its model again, once the model is live with it', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    const alone = await admit({ event: world.upload(), execution: 'run-1' });
    await world.registry.settle({
      deploymentId: alone.id,
      reason: 'no data',
      degraded: false,
      to: 'Rejected',
    });
    await world.deploy(arrival(world, DATA));

    const { kind } = await admit({ event: arrival(world, DATA, 'other'), execution: 'run-3' });

    expect(kind).toBe('ignored');
  });

  it('starts none where the model has it, or is yet to be admitted', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    const model = world.upload();
    const data = arrival(world, DATA);

    const answers = [
      await admit({ event: data, execution: 'run-1' }),
      await admit({ event: model, execution: 'run-2' }),
      await admit({ event: data, execution: 'run-3' }),
    ];

    expect(answers.map(({ kind }) => kind)).toEqual(['ignored', 'admitted', 'ignored']);
    expect((await world.told()).map(({ state }) => state)).toEqual(['Admitted']);
  });

  it('is ignored where a newer version of it is there, which tells of itself', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    await admit({ event: world.upload(), execution: 'run-1' });
    const [first, second] = [arrival(world, DATA), arrival(world, DATA)];

    const answers = [
      await admit({ event: first, execution: 'run-2' }),
      await admit({ event: second, execution: 'run-3' }),
    ];

    expect(answers.map(({ kind }) => kind)).toEqual(['ignored', 'admitted']);
  });

  it.each([
    { what: 'another version of it', before: [DATA] },
    { what: 'none', before: [] },
  ])('is ignored, with what to do, where the model went live with $what', async ({ before }) => {
    const world = memoryWorld();
    for (const key of before) arrival(world, key);
    await world.deploy();

    const event = arrival(world, DATA, 'other');
    const { kind } = await admitDeployment(world.deps)({ event, execution: 'run-2' });

    expect(kind).toBe('ignored');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Ignored',
      reason: `${DATA} starts no deployment: models/digits/model.onnx was uploaded before it, and is deployed without it`,
      fix: expect.stringContaining('Upload models/digits/model.onnx again after it'),
    });
  });
});

describe('an object that starts nothing', () => {
  it.each([
    { what: 'a sidecar manifest', key: 'models/digits/model.onnx.yaml' },
    { what: 'external data', key: 'models/digits/model.onnx.data' },
    { what: 'an object outside of models/', key: 'readme.md' },
    { what: 'a folder as the console of S3 makes one', key: 'models/digits/v1/' },
    { what: 'what macOS leaves beside a model', key: 'models/digits/._model.onnx' },
  ])('is ignored without a word: $what', async ({ key }) => {
    const world = memoryWorld();
    const event = arrival(world, key);

    const { kind } = await admitDeployment(world.deps)({ event, execution: 'run-1' });

    expect(kind).toBe('ignored');
    expect(await world.told()).toEqual([]);
  });

  it('is ignored when it was deleted before its turn', async () => {
    const world = memoryWorld();
    const { detail } = world.upload();
    const { key } = detail.object;
    world.store.remove(key);

    const { kind, reason } = await admitDeployment(world.deps)({
      event: { detail: { ...detail, object: { key } } },
      execution: 'run-1',
    });

    expect({ kind, reason }).toEqual({ kind: 'ignored', reason: `bucket/${key} was deleted` });
    expect(await world.told()).toEqual([]);
  });

  it('gets one hint a minute however many files a sync brings', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    const sync = async () => {
      for (let file = 0; file < 3; file += 1) {
        const event = arrival(world, `models/digits/folder/part-${file}.bin`);
        world.clock.advance(1000);
        expect((await admit({ event, execution: `run-${file}` })).kind).toBe('ignored');
      }
    };

    await sync();
    world.clock.advance(60_000);
    await sync();

    const told = await world.told();
    expect(told.map(({ state }) => state)).toEqual(['Ignored', 'Ignored']);
    expect(told[0]).toMatchObject({
      reason: expect.stringContaining('models/digits/folder/part-0.bin starts no deployment'),
      fix: expect.stringMatching(
        /^Once all its files are there, upload models\/digits\/folder\/model\.yaml, .*`slipway push FOLDER --name digits`/,
      ),
    });
  });

  it('of code in the model’s own folder is told what starts that', async () => {
    const world = memoryWorld();
    const event = arrival(world, 'models/digits/predict.py');

    await admitDeployment(world.deps)({ event, execution: 'run-1' });

    expect(await world.told()).toEqual([
      expect.objectContaining({
        state: 'Ignored',
        fix: expect.stringMatching(
          /once all are there, upload models\/digits\/model\.yaml, which may be empty; or `slipway push FOLDER --name digits`/,
        ),
      }),
    ]);
  });

  it('beside the model.yaml of the model’s own folder is a part of that, though it would be a model by itself', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    arrival(world, 'models/digits/v1/model.yaml');
    arrival(world, 'models/digits/v1/weights.bin');
    const file = arrival(world, 'models/digits/model.onnx');
    const data = arrival(world, 'models/digits/model.onnx.data');
    const manifest = arrival(world, 'models/digits/model.yaml');

    const parts = [
      await admit({ event: file, execution: 'run-1' }),
      await admit({ event: data, execution: 'run-2' }),
    ];
    const { id } = await admit({ event: manifest, execution: 'run-3' });
    parts.push(await admit({ event: file, execution: 'run-4' }));

    expect(parts.map(({ kind }) => kind)).toEqual(['ignored', 'ignored', 'ignored']);
    const { artifact } = (await world.registry.deployment(id))!;
    expect(artifact.parts.map(({ name }) => name)).toEqual(['model.onnx', 'model.onnx.data']);
    expect((await world.told()).map(({ state }) => state)).toEqual(['Admitted']);
  });

  it('beside an older model.yaml of the model’s own folder is told so, as the deployment that it would have been', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    await admit({ event: arrival(world, 'models/digits/model.yaml'), execution: 'run-1' });
    const event = arrival(world, 'models/digits/model.onnx');

    const { kind, id } = await admit({ event, execution: 'run-2' });

    expect({ kind, id }).toEqual({ kind: 'ignored', id: await idOf(event) });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Ignored',
      reason:
        'models/digits/model.onnx starts no deployment: models/digits/model.yaml was uploaded before it',
      fix: expect.stringContaining(
        'Where this file is the model by itself, delete models/digits/model.yaml first.',
      ),
    });
  });

  it.each([
    { when: 'before', files: ['v1/weights.bin', 'v1/model.yaml'] },
    { when: 'after', files: ['v1/model.yaml', 'v1/weights.bin'] },
    { when: 'before', files: ['weights.bin', 'model.yaml'] },
    { when: 'after', files: ['model.yaml', 'v1/weights.bin'] },
  ])('is not told of when it came $when its folder’s model.yaml', async ({ files }) => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    const [first, second] = files.map((file) => arrival(world, `models/digits/${file}`));

    const answers = [
      await admit({ event: second!, execution: 'run-2' }),
      await admit({ event: first!, execution: 'run-1' }),
    ];

    expect(answers.map(({ kind }) => kind).sort()).toEqual(['admitted', 'ignored']);
    expect((await world.told()).map(({ state }) => state)).toEqual(['Admitted']);
  });

  it('is not told of when it was taken before it was whole, and a newer version of it is part of its folder', async () => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    const [begun, whole, manifest] = ['predict.py', 'predict.py', 'model.yaml'].map((file) =>
      arrival(world, `models/digits/v1/${file}`),
    );

    await admit({ event: manifest!, execution: 'run-1' });
    const answers = [
      await admit({ event: begun!, execution: 'run-2' }),
      await admit({ event: whole!, execution: 'run-3' }),
    ];

    expect(answers.map(({ kind }) => kind)).toEqual(['ignored', 'ignored']);
    expect((await world.told()).map(({ state }) => state)).toEqual(['Admitted']);
  });

  it.each([
    { key: 'models/digits/notes.md', why: 'it is not a self-contained model file' },
    {
      key: 'models/digits/train.ipynb',
      why: 'it is a notebook, which makes a model but is not one',
      fix: 'Let its last cell save the model (joblib.dump, save_model, save_pretrained, torch.export.save), and upload what that writes.',
    },
    {
      key: 'models/digits/digits.onnx.crdownload',
      why: 'it is a download that has not ended, and no model yet',
      fix: 'Wait until it has, then upload the file under the name that it has then.',
    },
    {
      key: 'models/digits/digits.pkl.zst',
      why: 'it is compressed by zstd, which no framework reads by itself',
      fix: 'Decompress it (`zstd -d FILE`) and upload what that writes; joblib.dump(model, "model.joblib", compress=3) compresses by what it reads.',
    },
    {
      key: 'models/digits/v1/weights.bin',
      why: 'models/digits/v1/model.yaml was uploaded before it',
    },
    { key: 'models/digits/v2/weights.bin', why: 'models/digits/v2/ has no model.yaml' },
  ])('is told why: $key', async ({ key, why, fix }) => {
    const world = memoryWorld();
    const admit = admitDeployment(world.deps);
    await admit({ event: arrival(world, 'models/digits/v1/model.yaml'), execution: 'run-1' });

    await admit({ event: arrival(world, key), execution: 'run-2' });

    const told = await world.told();
    expect(told.at(-1)).toMatchObject({
      state: 'Ignored',
      reason: `${key} starts no deployment: ${why}`,
      fix: fix ?? expect.stringContaining('model.yaml'),
    });
  });

  it.each([
    { how: 'with its version', version: {} },
    { how: 'without one', version: { 'version-id': undefined } },
  ])('is rejected when its model may not be called so, told $how', async ({ version }) => {
    const world = memoryWorld();
    const { detail } = arrival(world, 'models/My_Model/a.onnx');
    const event = { detail: { ...detail, object: { ...detail.object, ...version } } };

    const answer = await admitDeployment(world.deps)({ event, execution: 'run-1' });

    expect(answer).toMatchObject({ kind: 'rejected', model: 'My_Model' });
    expect(await world.told()).toEqual([
      expect.objectContaining({
        state: 'Rejected',
        version: null,
        reason: expect.stringContaining('`My_Model` is not allowed; a name has 1 to 40'),
        fix: 'Upload it again under models/my-model/, or with another such name.',
      }),
    ]);
    expect(await world.registry.model('My_Model')).toBeUndefined();
  });

  it.each(['models/digits.onnx', 'digits.onnx'])(
    'is rejected as %s, which is in no model’s folder',
    async (key) => {
      const world = memoryWorld();

      await admitDeployment(world.deps)({ event: arrival(world, key), execution: 'run-1' });

      expect(await world.told()).toMatchObject([
        {
          state: 'Rejected',
          reason: `${key} is not in the folder of a model, which gives the model its name`,
          fix: 'Upload it again as models/NAME/digits.onnx.',
        },
      ]);
    },
  );
});
