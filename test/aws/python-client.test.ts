import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { deploymentId } from '#domain/deployment.ts';
import type { Registry } from '#ports/registry.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, MOTO_PYTHON } from '../support/aws/moto.ts';
import { eventually } from '../support/clock/eventually.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { asking, upload, walkTo } from '../support/worlds/registry.ts';
import { type CliWorld, installInMoto, motoEnvironment, twoVersions } from './cli-world.ts';

const run = promisify(execFile);
const CLIENT = fileURLToPath(new URL('../../clients/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('python_client.py', import.meta.url));
// Above the size of a part.
const LARGE_BYTES = 70 * 1024 * 1024;

describeOnMoto('the Python client in an account', (moto) => {
  let world: CliWorld;
  let registry: Registry;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let endpoint: Server;
  const asked: object[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    endpoint = createServer(async (request, response) => {
      const body = (await request.toArray()).join('');
      asked.push({ url: request.url, key: request.headers.authorization, body });
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"predictions":[[2,4]]}');
    });
    await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
    const { port } = endpoint.address() as { port: number };
    world = await installInMoto(moto(), 'dev', { endpoint: `http://127.0.0.1:${port}/v1` });
    registry = await twoVersions(moto(), world);
  });
  afterAll(async () => {
    endpoint.close();
    await folder[Symbol.asyncDispose]();
  });

  async function python(...args: readonly string[]) {
    const env = { ...motoEnvironment(moto()), PYTHONPATH: CLIENT, AWS_DEFAULT_REGION: 'us-east-1' };
    const { stdout, stderr } = await run(MOTO_PYTHON, [SCRIPT, ...args], { env });
    return { answer: JSON.parse(stdout), shown: stderr };
  }

  /** Plays the workflow of a deployment to its end, as the registry records it. */
  async function goesLive(id: string, n: number, previous: string): Promise<void> {
    const { version } = (await registry.deployment(id)) ?? {};
    const lease = await registry.acquireLease({
      deploymentId: id,
      execution: `run-${n}`,
      leaseSeconds: 60,
      over: null,
    });
    const holder = { deploymentId: id, epoch: lease.kind === 'acquired' ? lease.epoch : 0 };
    await walkTo({ registry } as never, holder, 'Baking');
    await registry.commit(holder, { version: version ?? 0, previous }, { reason: 'it works' });
    await registry.releaseLease(holder);
  }

  it('puts a large file in parts after its manifest, and follows the deployment that its table tells of', async () => {
    const path = join(folder.path, 'model.onnx');
    await writeFile(path, Buffer.alloc(LARGE_BYTES, 'x'));
    const Bucket = world.outputs['Bucket'];
    const s3 = awsClient(S3Client, moto());
    const deploying = python('deploy', path);
    const Key = 'models/shapes/model.onnx';
    const stored = await eventually(() =>
      s3.send(new HeadObjectCommand({ Bucket, Key })).catch(() => undefined),
    );
    const id = await deploymentId(Bucket ?? '', Key, stored.VersionId ?? '');
    await registry.admit({ ...upload(3), deploymentId: id });
    await goesLive(id, 3, 'shapes-v2');

    const { answer, shown } = await deploying;
    const manifest = await s3.send(new GetObjectCommand({ Bucket, Key: `${Key}.yaml` }));

    expect(stored).toMatchObject({
      ContentLength: LARGE_BYTES,
      ETag: expect.stringMatching(/-2"$/),
    });
    expect(JSON.parse((await manifest.Body?.transformToString()) ?? '')).toEqual({
      examples: [{ request: { inputs: [[1, 2]] } }],
    });
    expect(answer[0]).toEqual([3, 'Live', Key]);
    expect(answer).toHaveLength(3);
    expect(shown).toMatch(/shapes {2}v3 Live: it works/);
  });

  it('starts the workflow of a rollback, and follows it', async () => {
    const sfn = awsClient(SFNClient, moto());
    const back = python('rollback');
    const started = await eventually(async () => {
      const stateMachineArn = world.outputs['RollbackWorkflow'];
      return (await sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions?.[0];
    });
    const { input = '' } = await sfn.send(
      new DescribeExecutionCommand({ executionArn: started.executionArn }),
    );
    const request = JSON.parse(input);
    await registry.request(asking(4, { deploymentId: request.deploymentId, version: 2 }));
    await goesLive(request.deploymentId, 4, 'shapes-v3');

    expect(request).toEqual({
      kind: 'rollback',
      deploymentId: expect.stringMatching(/^[0-9a-f]{32}$/),
      model: 'shapes',
      to: null,
      reason: 'requested by the Python client',
    });
    expect(started.name).toBe(`shapes-rollback-${request.deploymentId.slice(0, 16)}-a1`);
    expect((await back).answer).toBe(2);
  });

  it('calls a model with the key', async () => {
    expect((await python('predict')).answer).toEqual([[2, 4]]);
    expect(asked.at(-1)).toEqual({
      url: '/v1/models/shapes/invocations',
      key: 'Bearer the-key',
      body: '{"inputs": [[1, 2]]}',
    });
  });

  it.each([
    ['nobody', 'there is no model nobody in slipway-dev'],
    ['stage', 'there is no stack slipway-none in us-east-1'],
  ])('says what is not there: %s', async (what, reason) => {
    expect((await python(what)).answer).toMatchObject({ name: 'InputInvalid', reason });
  });
});
