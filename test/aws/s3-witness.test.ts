import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as s3 from '@aws-sdk/client-s3';
import { describeOnMoto } from '../support/aws/moto.ts';
import { CALLS, type Call } from '../support/doors/operations.ts';
import { s3Door } from '../support/doors/s3-door.ts';

type Place = { readonly endpoint: string; readonly id: string; readonly secret: string };
type Answered = { readonly answers: readonly unknown[]; readonly ids: readonly string[] };
type Client = (place: Place, calls: readonly Call[]) => Promise<Answered>;

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const PYTHON = join(tools, 'moto-5.2.5/bin/python');
const SCRIPT = fileURLToPath(new URL('../support/doors/s3_calls.py', import.meta.url));
const Bucket = 'bucket';

const boto3: Client = async (place, calls) => {
  const child = spawn(PYTHON, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ ...place, calls }));
  return (await json(child.stdout)) as Answered;
};

const sdkV3: Client = async ({ endpoint, id, secret }, calls) => {
  const client = new s3.S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: id, secretAccessKey: secret },
  });
  const ids: string[] = [];
  const answers: unknown[] = [];
  for (const { operation, input } of calls) {
    const Command = s3[`${operation}Command` as 'GetObjectCommand'];
    try {
      const { Body, ...said } = await client.send(new Command(filled(input, ids) as never));
      const { VersionId, UploadId } = said as { VersionId?: string; UploadId?: string };
      for (const found of [VersionId, UploadId]) if (found && !ids.includes(found)) ids.push(found);
      answers.push({ ...said, ...(Body && { Body: await Body.transformToString() }) });
    } catch (error) {
      answers.push({ error: (error as Error).name });
    }
  }
  client.destroy();
  return { answers, ids };
};

function filled(value: unknown, ids: readonly string[]): unknown {
  const text = JSON.stringify(value);
  return JSON.parse(text.replaceAll(/"\$(\d+)"/g, (_, n) => JSON.stringify(ids[Number(n) - 1])));
}

// These are of each place its own: times, ids of requests, owners, and what stands only for S3 itself.
const OWN = new Set([
  ...[
    '$metadata',
    'ResponseMetadata',
    'LastModified',
    'Owner',
    'Initiator',
    'Initiated',
    'Location',
  ],
  ...[
    'CreationDate',
    'AcceptRanges',
    'ServerSideEncryption',
    'BucketRegion',
    'BucketArn',
    'MFADelete',
  ],
  ...[
    'ChecksumType',
    'ChecksumAlgorithm',
    'RequestCharged',
    'StorageClass',
    'AccessPointAlias',
    'Message',
    ...['DeleteMarkerVersionId', 'EncodingType'],
  ],
]);

/** An answer without what is its place's own, with ids as numbers. */
function comparable(answer: unknown, ids: readonly string[]): unknown {
  if (Array.isArray(answer)) return answer.map((each) => comparable(each, ids));
  if (typeof answer !== 'object' || answer === null) {
    const n = ids.indexOf(String(answer));
    return n === -1 ? answer : `$${n + 1}`;
  }
  const said = Object.entries(answer)
    .filter(([name, value]) => !OWN.has(name) && !isEmpty(value) && !name.startsWith('Checksum'))
    .map(([name, value]) => [name, comparable(value, ids)] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(said);
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  );
}

describeOnMoto('the S3 API of one machine, beside moto', (moto) => {
  it.each([
    ['the SDK for JavaScript', sdkV3],
    ['boto3', boto3],
  ] as const)(`answers ${CALLS.length} calls of %s as moto does`, async (_, client) => {
    await moto().reset();
    const there = { endpoint: moto().endpoint, id: 'x', secret: 'x' };
    await sdkV3(there, [
      { operation: 'CreateBucket', input: { Bucket } },
      {
        operation: 'PutBucketVersioning',
        input: { Bucket, VersioningConfiguration: { Status: 'Enabled' } },
      },
    ]);
    const door = await s3Door();
    try {
      const here = { endpoint: door.origin, id: door.key.id, secret: door.key.secret };

      const ours = await client(here, CALLS);
      const theirs = await client(there, CALLS);

      const differing = CALLS.map((call, index) => ({
        call: `${index} ${call.operation} ${JSON.stringify(call.input)}`,
        ours: comparable(ours.answers[index], ours.ids),
        theirs: call.differs?.answer ?? comparable(theirs.answers[index], theirs.ids),
      })).filter((each) => JSON.stringify(each.ours) !== JSON.stringify(each.theirs));
      expect(differing).toEqual([]);
    } finally {
      await door.close();
    }
  });
});
