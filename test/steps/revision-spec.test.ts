import { newRing, publicKeys } from '#adapters/capture/key-rings.ts';
import { captureSchema } from '#domain/manifest/capture.ts';
import { ANY_GPU } from '#domain/manifest/manifest.ts';
import { answerEnvironment } from '#ports/platform.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { revisionSpec } from '#steps/revision-spec.ts';
import { converted } from '../support/aws-world/conversion.ts';
import { memoryWorld } from '../support/worlds/memory.ts';
import { planGpu } from '../support/worlds/planned-gpu.ts';

const MANIFEST = `
team: vision
resources: { memory: 20Gi }
placement: { allowCpu: true }
scaling: { min: 2, max: 4 }
server: { startupTimeoutSeconds: 20, extraColumns: refuse, aliases: [gpt-4o] }
`;

describe('what a platform is asked for', () => {
  it('is what was inspected, planned and chosen', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget', world.upload({ manifest: MANIFEST }));
    await planGpu(world, held, { name: 'T4', count: 1 });
    await chooseTarget(world.deps)({ ...held, variables: [] });
    const deployment = await world.recordOf(held);
    const { memoryMiB, cpuUnits, instanceTypes } = deployment.work.decision!;

    const spec = revisionSpec(deployment, { revision: 'digits-v1', madeBy: 'd7' });

    expect(spec).toEqual({
      revision: 'digits-v1',
      model: 'digits',
      version: 1,
      team: 'vision',
      deploymentId: 'd7',
      runtime: 'onnx',
      environmentHash: 'environment-1',
      image: null,
      artifact: deployment.artifact,
      modelFile: 'model.onnx',
      memoryMiB,
      cpuUnits,
      requestSlots: null,
      instanceTypes,
      accelerator: { name: 'T4', count: 1 },
      takesAnyGpu: false,
      allowCpu: true,
      scaling: { min: 2, max: 4, requestsPerMinute: 600, schedules: [] },
      server: { port: 8080, healthPath: '/ping', requestPath: null },
      startupTimeoutSeconds: 20,
      startSeconds: deployment.work.decision!.startSeconds!,
      extraColumns: 'refuse',
      batchRows: 'auto',
      aliases: ['gpt-4o'],
    });
    expect(memoryMiB).toBeGreaterThanOrEqual(20 * 1024);
    expect(instanceTypes).toContain('g4dn.2xlarge');
  });

  it('is also the example that its server shows, in ASCII, where that is short', async () => {
    const shown = async (value: string) => {
      const world = memoryWorld();
      const manifest = `examples: [{ request: { inputs: { text: [${value}] } } }]`;
      const held = await world.before('ProvisionLambda', world.upload({ manifest }));
      return revisionSpec(await world.recordOf(held), { revision: 'digits-v1', madeBy: 'd7' })
        .example;
    };

    expect(await shown('Übung')).toBe(
      '{"protocol":"invocations","body":{"inputs":{"text":["\\u00dcbung"]}}}',
    );
    expect(await shown('x'.repeat(3000))).toBeUndefined();
  });

  it('keeps the variables of a function within its 4 KB: the keys of capture come before the example', () => {
    const names = Array.from({ length: 7 }, (_, index) => `${index}`.padEnd(130, 'x'));
    const capture = captureSchema.parse({ private: names });
    const keys = publicKeys(newRing());
    const settings = (bytes: number) =>
      answerEnvironment({
        extraColumns: 'refuse',
        example: 'x'.repeat(bytes),
        capture: { ...capture, private: bytes < 1000 ? [] : names, keys },
      });
    const size = (variables: object) => JSON.stringify(variables).length;

    expect(Object.keys(settings(900))).toEqual(['EXTRA_COLUMNS', 'MODEL_EXAMPLE', 'CAPTURE']);
    expect(Object.keys(settings(2000))).toEqual(['EXTRA_COLUMNS', 'CAPTURE']);
    expect(size(settings(900))).toBeLessThan(3000);
    expect(size(settings(2000))).toBeLessThan(3000);
  });

  it.each([
    ['plan', 'the deployment has no plan yet'],
    ['decision', 'the deployment has no target yet'],
  ])('is nothing before there is a %s', async (part, message) => {
    const world = memoryWorld();
    const deployment = await world.recordOf(await world.before('ProvisionLambda'));
    const work = { ...deployment.work, [part]: undefined };

    expect(() =>
      revisionSpec({ ...deployment, work }, { revision: 'digits-v1', madeBy: 'd7' }),
    ).toThrow(message);
  });

  it('is any GPU where any will do, and that of the decision else', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget');
    await planGpu(world, held, { name: ANY_GPU, count: 1 });
    await chooseTarget(world.deps)({ ...held, variables: [] });
    const deployment = await world.recordOf(held);

    const spec = revisionSpec(deployment, { revision: 'digits-v1', madeBy: 'd7' });

    expect(spec).toMatchObject({
      takesAnyGpu: true,
      accelerator: deployment.work.decision!.accelerator,
    });
  });

  it('says which MLflow wrote a model of it', async () => {
    const world = memoryWorld();
    const deployment = await world.recordOf(await world.before('ProvisionLambda'));
    const facts = {
      ...deployment.work.inspection!.facts,
      format: 'mlflow',
      formatVersion: '3.17.2',
    } as const;
    const work = { ...deployment.work, inspection: { ...deployment.work.inspection!, facts } };

    const { mlflowVersion } = revisionSpec(
      { ...deployment, work },
      { revision: 'digits-v1', madeBy: deployment.id },
    );

    expect(mlflowVersion).toBe('3.17.2');
  });

  it.each([
    { what: 'as many rows as the build has shown', manifest: '', rows: 64, batchRows: 64 },
    { what: 'nothing where the build has shown that', manifest: '', rows: 1, batchRows: undefined },
    {
      what: 'nothing where the manifest says so',
      manifest: 'server: { batching: off }',
      rows: 64,
      batchRows: undefined,
    },
  ])('joins $what', async ({ manifest, rows, batchRows }) => {
    const world = memoryWorld({ engine: 'image' });
    const deployment = await world.recordOf(
      await world.before('ProvisionLambda', world.upload({ manifest })),
    );
    const { image } = deployment.work;
    const proof = { ...converted(new Uint8Array()).proof, batching: { rows, reason: '' } };
    const work = { ...deployment.work, image: { ...image!, proof } };

    const spec = revisionSpec({ ...deployment, work }, { revision: 'digits-v1', madeBy: 'd7' });

    expect(spec.batchRows).toBe(batchRows);
    expect(answerEnvironment(spec)['BATCH_ROWS']).toBe(batchRows?.toString());
  });

  it.each([
    { what: 'finds out', manifest: '', batching: 'auto' },
    { what: 'does not', manifest: 'server: { batching: off }', batching: undefined },
  ])('the server of a file that no build has loaded $what', async ({ manifest, batching }) => {
    const world = memoryWorld();
    const deployment = await world.recordOf(
      await world.before('ProvisionLambda', world.upload({ manifest })),
    );

    const spec = revisionSpec(deployment, { revision: 'digits-v1', madeBy: 'd7' });

    expect(answerEnvironment(spec)).toMatchObject(batching ? { BATCHING: batching } : {});
    expect(answerEnvironment(spec)['BATCHING']).toBe(batching);
    expect(answerEnvironment(spec)['BATCH_ROWS']).toBeUndefined();
  });

  it('names the image where one was built', async () => {
    const world = memoryWorld({ engine: 'image' });
    const deployment = await world.recordOf(await world.before('ProvisionLambda'));

    const { image } = revisionSpec(deployment, { revision: 'digits-v1', madeBy: deployment.id });

    expect(image).toEqual(deployment.work.image);
    expect(image).not.toBeNull();
  });
});
