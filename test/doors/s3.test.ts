import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { call } from '../support/slipway/clients.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const Bucket = 'bucket';
const Key = 'models/adder/adder.onnx';

type Made = {
  readonly id: string;
  readonly key: string;
  readonly s3: { readonly endpoint: string };
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path, { config: { bakeSeconds: 0 } });
});
afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function newKey(...options: readonly string[]): Promise<Made> {
  const { out } = await slipway.command('keys', 'create', 'laptop', ...options, '--json');
  return JSON.parse(out);
}

const clientOf = ({ id, key, s3 }: Made) =>
  new S3Client({
    endpoint: s3.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: id, secretAccessKey: key },
  });

async function answer(): Promise<unknown> {
  return (await call(slipway, 'adder')).data;
}

it('leads from nothing to a right answer, an upgrade, a refusal that is explained, and back', async () => {
  const s3 = clientOf(await newKey('--all'));
  const put = (Body: Uint8Array) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const tags = async (VersionId: string | undefined) => {
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }));
    return Object.fromEntries(TagSet?.map((tag) => [tag.Key, tag.Value]) ?? []);
  };

  const first = await put(addConstantModel({ constant: 10 }));
  await slipway.ending('adder', 1);
  expect(await answer()).toEqual([11, 12]);

  await put(addConstantModel({ constant: 20 }));
  await slipway.ending('adder', 2);
  expect(await answer()).toEqual([21, 22]);

  const bad = await put(unknownOperatorModel());
  const refused = await slipway.ending('adder', 3);
  expect(await answer()).toEqual([21, 22]);
  const said = await tags(bad.VersionId);
  expect(said['slipway-state']).toBe(refused.detail.state);
  expect(said['slipway-reason']?.length).toBeGreaterThan(10);
  expect((await slipway.command('status', 'adder')).out).toContain(refused.detail.state);

  // As clients of S3 bring a version back.
  const CopySource = `${Bucket}/${Key}?versionId=${first.VersionId}`;
  await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
  await slipway.ending('adder', 4);
  expect(await answer()).toEqual([11, 12]);
  await slipway.command('rollback', 'adder');
  await slipway.ending('adder', 5);
  expect(await answer()).toEqual([21, 22]);
  s3.destroy();
});

it('is closed to everybody else, and to a key that is revoked', async () => {
  const made = await newKey('--models', 'shapes');
  const s3 = clientOf(made);
  const put = (key: string) => s3.send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }));

  await put('models/shapes/notes.txt');
  await expect(put(Key)).rejects.toMatchObject({ name: 'AccessDenied' });
  expect((await fetch(`${made.s3.endpoint}/${Bucket}/${Key}`)).status).toBe(403);
  expect((await slipway.command('keys', 'list')).out).toContain(made.id);
  await slipway.command('keys', 'revoke', made.id);

  await expect(put('models/shapes/notes.txt')).rejects.toMatchObject({
    name: 'InvalidAccessKeyId',
  });
  expect((await slipway.command('keys', 'list')).out).not.toContain(made.id);
  s3.destroy();
});

it('goes on after a restart, with its keys and the parts that have arrived', async () => {
  const made = await newKey('--all');
  const before = clientOf(made);
  const Body = addConstantModel({ constant: 30 });
  const asked = { Bucket, Key: 'models/late/late.onnx' };
  const { UploadId } = await before.send(new CreateMultipartUploadCommand(asked));
  const { ETag } = await before.send(
    new UploadPartCommand({ ...asked, UploadId, PartNumber: 1, Body }),
  );
  before.destroy();
  await slipway.kill();

  slipway = await startSlipway(folder.path, { config: { bakeSeconds: 0, s3Port: 0 } });
  const again = await newKey('--all');
  const after = clientOf({ ...made, s3: again.s3 });
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  await after.send(new CompleteMultipartUploadCommand({ ...asked, UploadId, MultipartUpload }));

  expect((await slipway.ending('late', 1)).detail.state).toBe('Live');
  after.destroy();
});
