import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { systemClock } from '#adapters/clocks.ts';
import { deploymentId } from '#domain/deployment.ts';
import type { Registry } from '#ports/registry.ts';
import { runCli } from '../cli/run-cli.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { goneLive, upload, walkTo } from '../support/worlds/registry.ts';
import { type CliWorld, installInMoto, motoEnvironment } from './cli-world.ts';

describeOnMoto('slipway in AWS', (moto) => {
  let world: CliWorld;
  let registry: Registry;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let endpoint: Server;
  const asked: object[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    endpoint = createServer(async (request, response) => {
      const body = (await request.toArray()).join('');
      const { method, url, headers } = request;
      asked.push({ method, url, key: headers.authorization, body });
      response
        .writeHead(url?.includes('/broken/') ? 500 : 200, { 'x-slipway-revision': 'shapes-v1' })
        .end('{"predictions":[1]}');
    });
    await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
    const { port } = endpoint.address() as { port: number };
    world = await installInMoto(moto(), 'dev', { endpoint: `http://127.0.0.1:${port}/v1` });
    const client = awsClient(DynamoDBClient, moto());
    registry = dynamoRegistry({ client, table: world.outputs['Table']!, clock: systemClock });
    await goneLive({ registry } as never, 1);
  });

  afterAll(async () => {
    endpoint.close();
    await folder[Symbol.asyncDispose]();
  });

  async function file(name: string, bytes: Uint8Array | string): Promise<string> {
    const path = join(folder.path, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, bytes);
    return path;
  }

  it('shows the status of the models in its table', async () => {
    const shown = await world.run(['status']);
    const json = await world.run(['status', '--json']);

    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^shapes +v1 live on lambda\s+http:\S+\/v1\/models\/shapes/);
    expect(JSON.parse(json.stdout).models).toEqual([
      expect.objectContaining({ name: 'shapes', live: expect.objectContaining({ version: 1 }) }),
    ]);
  });

  it('shows the events of its table, of one model too', async () => {
    const all = await world.run(['events', '--json']);
    const none = await world.run(['events', '--model', 'nobody']);

    const states = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).detail.state);
    expect(states.slice(0, 1)).toEqual(['Admitted']);
    expect(states.at(-1)).toBe('Live');
    expect(none).toEqual({
      code: 0,
      stderr: '',
      stdout: 'there are no events of nobody yet\n',
    });
  });

  it('pushes a large file in parts, with its checksum, and follows its deployment to its end', async () => {
    const path = await file('big.onnx', new Uint8Array(20 * 1024 * 1024));
    const Bucket = world.outputs['Bucket']!;
    const pushing = world.command(['push', path]);
    await eventually(() => pushing.output().includes('uploaded models/big/big.onnx'));
    const s3 = awsClient(S3Client, moto());
    const stored = await s3.send(
      new HeadObjectCommand({ Bucket, Key: 'models/big/big.onnx', ChecksumMode: 'ENABLED' }),
    );
    const id = await deploymentId(Bucket, 'models/big/big.onnx', stored.VersionId!);
    await registry.admit({ ...upload(2, 'big'), deploymentId: id });
    const lease = await registry.acquireLease({
      deploymentId: id,
      execution: 'run-2',
      leaseSeconds: 60,
      over: null,
    });
    const holder = { deploymentId: id, epoch: lease.kind === 'acquired' ? lease.epoch : 0 };
    await walkTo({ registry } as never, holder, 'Baking');
    await registry.commit(holder, { version: 1, previous: null }, { reason: 'it works' });

    const { code, stdout } = await pushing.result;

    expect(stored).toMatchObject({
      ContentLength: 20 * 1024 * 1024,
      ETag: expect.stringMatching(/-3"$/),
    });
    expect(stored.ChecksumCRC64NVME).toBeTruthy();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /uploaded models\/big\/big\.onnx \(20,971,520 bytes\)[\s\S]*Live +big v1/,
    );
  });

  it('pushes a folder without what was in it at the push before, which goes from the bucket too', async () => {
    await file('net/model.onnx', addConstantModel({ constant: 1 }));
    const Bucket = world.outputs['Bucket']!;
    const s3 = awsClient(S3Client, moto());
    for (const Key of ['models/net/net/old.onnx', 'models/net/network/model.onnx']) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'old' }));
    }

    const pushing = world.command(['push', join(folder.path, 'net')]);
    const keys = async () => {
      const found = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'models/net/' }));
      return (found.Contents ?? []).map(({ Key }) => Key);
    };
    // Last comes the manifest, which starts the deployment.
    await eventually(async () => (await keys()).includes('models/net/net/model.yaml'));
    pushing.interrupt();
    await pushing.result;

    expect(pushing.output()).toContain('removed models/net/net/old.onnx');
    expect(await keys()).toEqual([
      'models/net/net/model.onnx',
      'models/net/net/model.yaml',
      'models/net/network/model.onnx',
    ]);
  });

  it('takes the parts of an upload away when it is stopped', async () => {
    const path = await file('huge.onnx', new Uint8Array(400 * 1024 * 1024));
    const Bucket = world.outputs['Bucket']!;
    const s3 = awsClient(S3Client, moto());
    const pending = async () =>
      (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
    const pushing = world.command(['push', path]);
    await eventually(async () => (await pending()).length > 0);

    pushing.interrupt();
    const { code, stderr } = await pushing.result;

    const { Versions = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket, Prefix: 'models/huge/' }),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^slipway: the upload of models\/huge\/huge\.onnx was stopped\n$/);
    expect(await pending()).toEqual([]);
    expect(Versions).toEqual([]);
  });

  it('calls a model at its endpoint with a key, and answers 1 when the model does not work', async () => {
    const body = await file('request.json', '{"inputs":[1]}');
    const env = { SLIPWAY_KEY: 'slw_secret' };

    const called = await world.run(['invoke', 'shapes', '--body', `@${body}`], env);
    const broken = await world.run(['invoke', 'broken', '--body', '{}', '--json'], env);
    const pinged = await world.run(['invoke', 'shapes', '--path', '/ping', '--key', 'slw_other']);

    expect(called).toEqual({
      code: 0,
      stdout: '200 OK (shapes-v1)\n{"predictions":[1]}\n',
      stderr: '',
    });
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ status: 500, body: { predictions: [1] } });
    expect(pinged.code).toBe(0);
    expect(asked).toEqual([
      {
        method: 'POST',
        url: '/v1/models/shapes/invocations',
        key: 'Bearer slw_secret',
        body: '{"inputs":[1]}',
      },
      {
        method: 'POST',
        url: '/v1/models/broken/invocations',
        key: 'Bearer slw_secret',
        body: '{}',
      },
      { method: 'GET', url: '/v1/models/shapes/ping', key: 'Bearer slw_other', body: '' },
    ]);
  });

  it('takes credentials and region from the profile that is named', async () => {
    const config =
      '[profile team]\nregion = us-east-1\naws_access_key_id = AKIA\naws_secret_access_key = s\n';
    const AWS_CONFIG_FILE = await file('config', config);
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, ...env } = motoEnvironment(
      moto(),
    );

    const status = await runCli(['status', '--profile', 'team'], { ...env, AWS_CONFIG_FILE })
      .result;

    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toMatch(/shapes +v1 live/);
  });

  it('makes a key, shows it once, and revokes it', async () => {
    const made = await world.run(['keys', 'create', 'team', '--models', 'shapes']);
    const listed = await world.run(['keys', 'list', '--json']);
    const [{ id }] = JSON.parse(listed.stdout);
    const revoked = await world.run(['keys', 'revoke', id]);
    const after = await world.run(['keys', 'list', '--json']);

    expect(made.stdout).toMatch(/^slw_[\w-]{43}\n/);
    expect(listed.stdout).not.toMatch(/slw_/);
    expect(revoked.code).toBe(0);
    expect(JSON.parse(after.stdout)).toEqual([]);
  });

  it('shows what the newest revision of a model wrote', async () => {
    const logs = await world.run(['logs', 'shapes', '--json']);

    expect(JSON.parse(logs.stdout)).toEqual({ revision: 'shapes-v1', lines: [] });
  });
});
