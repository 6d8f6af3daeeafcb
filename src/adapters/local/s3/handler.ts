import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuditLog } from '#adapters/local/audit/audit-log.ts';
import type { KeyRates } from '#adapters/local/http/key-rates.ts';
import { hasRole } from '#domain/api-key.ts';
import { modelOfObject } from '#domain/audit-entry.ts';
import { Failure } from '#domain/failure.ts';
import type { Role } from '#domain/key-role.ts';
import { type Body, bodyOf } from './body.ts';
import type { S3Answer, S3Bucket } from './bucket.ts';
import {
  bucketLocation,
  bucketVersioning,
  createBucket,
  headBucket,
  listBuckets,
  objectTagging,
  refuseTagging,
} from './buckets.ts';
import { withoutChecksum } from './checksums.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './listing.ts';
import {
  abortUpload,
  beginUpload,
  completions,
  copyPart,
  listParts,
  listUploads,
  uploadPart,
} from './multipart.ts';
import { getObject } from './reads.ts';
import { refusal, refusalOf } from './refusal.ts';
import { type Asked, namedIn, readAsked, type S3Request } from './request.ts';
import type { S3Key, S3Keys } from './s3-keys.ts';
import { verified } from './signature.ts';
import { copyObject, deleteObject, deleteObjects, putObject } from './writes.ts';
import { plainDocument } from './xml.ts';

type Operation = (bucket: S3Bucket, request: S3Request, body: Body) => Promise<S3Answer>;

type Options = {
  readonly bucket: S3Bucket;
  readonly keys: Pick<S3Keys, 'find'>;
  readonly rates: KeyRates;
  /** Notes what a key has changed, or was refused. */
  readonly audit: Pick<AuditLog, 'add'>;
  /** The names by which this machine is called besides its own. */
  readonly hosts: readonly string[];
  /** Refuses requests of pages in a browser, and of names that are not this machine's, with a reason. */
  readonly stranger: (headers: IncomingMessage['headers']) => string | undefined;
  readonly onProblem: (error: unknown) => void;
};

/** Answers a request of S3's API. Never rejects: a failure is an answer too. */
export type S3Handler = (request: IncomingMessage) => Promise<S3Answer>;

/** The S3 API of a bucket. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export function s3Handler(options: Options): S3Handler {
  const { bucket, keys, rates, audit, hosts, stranger, onProblem } = options;
  const operations = operationsOf();

  async function answer(incoming: IncomingMessage): Promise<S3Answer> {
    const reason = stranger(incoming.headers);
    if (reason !== undefined) throw refusal('AccessDenied', `Access Denied: ${reason}`);
    const asked = readAsked(incoming);
    const signed = verified(asked, { find: keys.find, nowMs: bucket.clock.now() });
    requireRate(signed.caller, rates);
    const request = {
      ...withSignedParameters(asked),
      ...namedIn(asked, { bucket: bucket.name, hosts }),
      caller: signed.caller,
    };
    const note = noteFor(request, incoming, audit);
    try {
      const { run, isOfObject } = operationFor(operations, request, bucket.name);
      requireRoles(request);
      const ofBody = isOfObject
        ? { ...request, headers: withoutChecksum(request.headers) }
        : request;
      const store = notingStore(bucket.store, note);
      return await run({ ...bucket, store }, request, bodyOf(incoming, ofBody, signed));
    } catch (error) {
      const { code } = refusalOf(error);
      if (code === 'AccessDenied') note(actionOf(request), request.key, 'PlatformDenied');
      throw error;
    }
  }

  return async (incoming) => {
    const id = randomBytes(8).toString('hex').toUpperCase();
    const own = { 'x-amz-request-id': id, 'x-content-type-options': 'nosniff' };
    const { headers, ...answered } = await answer(incoming).catch((error: unknown) => {
      // A client that has left is no problem of this machine.
      if (!(error instanceof Failure) && !hasLeft(incoming)) onProblem(error);
      return errorAnswer(error, incoming, id);
    });
    const type = typeof answered.body === 'string' && { 'content-type': 'application/xml' };
    return { ...answered, headers: { ...type, ...headers, ...own } };
  };
}

/** Whether a client has closed its connection before all that it announced had come. */
function hasLeft({ destroyed, complete }: IncomingMessage): boolean {
  return destroyed && !complete;
}

/** An error as S3 answers it. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function errorAnswer(error: unknown, { method, url }: IncomingMessage, id: string): S3Answer {
  const { code, status, message, headers } = refusalOf(error);
  if (method === 'HEAD') return { status, headers };
  return {
    status,
    headers,
    body: plainDocument([
      'Error',
      [
        ['Code', code],
        ['Message', message],
        ['Resource', (url ?? '').split('?', 1)[0] ?? ''],
        ['RequestId', id],
      ],
    ]),
  };
}

/**
 * A signed URL carries as parameters what would be headers: they are signed too.
 * S3 passes over checksums there: the SDK for JavaScript writes that of an empty body, since it signs before there is one (https://github.com/localstack/localstack/issues/12169, https://github.com/aws/aws-sdk/issues/480).
 */
function withSignedParameters(asked: Asked): Asked {
  const hoisted = Object.entries(asked.query).filter(
    ([name]) => name.startsWith('x-amz-') && !name.startsWith('x-amz-checksum-'),
  );
  const headers = Object.fromEntries(hoisted.map(([name, values]) => [name, values.join(',')]));
  return { ...asked, headers: { ...headers, ...asked.headers } };
}

type Route = {
  readonly method: string;
  /** Whether the request names an object, the bucket, or neither. */
  readonly at: 'service' | 'bucket' | 'object';
  /** The parameter that tells it from others; undefined for the one without any. */
  readonly by?: string;
  readonly header?: string;
  readonly run: Operation;
  /** Whether a checksum in the headers is that of the object, and not of the body. */
  readonly isOfObject?: true;
};

/** The first that fits is taken. */
function operationsOf(): readonly Route[] {
  return [
    { method: 'GET', at: 'service', run: listBuckets },
    { method: 'GET', at: 'bucket', by: 'location', run: bucketLocation },
    { method: 'GET', at: 'bucket', by: 'versioning', run: bucketVersioning },
    { method: 'GET', at: 'bucket', by: 'versions', run: listObjectVersions },
    { method: 'GET', at: 'bucket', by: 'uploads', run: listUploads },
    { method: 'GET', at: 'bucket', by: 'list-type', run: listObjectsV2 },
    { method: 'GET', at: 'bucket', run: listObjects },
    { method: 'HEAD', at: 'bucket', run: headBucket },
    { method: 'PUT', at: 'bucket', run: createBucket },
    { method: 'POST', at: 'bucket', by: 'delete', run: deleteObjects },
    { method: 'GET', at: 'object', by: 'tagging', run: objectTagging },
    { method: 'PUT', at: 'object', by: 'tagging', run: refuseTagging },
    { method: 'DELETE', at: 'object', by: 'tagging', run: refuseTagging },
    { method: 'GET', at: 'object', by: 'uploadId', run: listParts },
    { method: 'GET', at: 'object', run: getObject },
    { method: 'HEAD', at: 'object', run: getObject },
    { method: 'PUT', at: 'object', by: 'uploadId', header: 'x-amz-copy-source', run: copyPart },
    { method: 'PUT', at: 'object', by: 'uploadId', run: uploadPart },
    { method: 'PUT', at: 'object', header: 'x-amz-copy-source', run: copyObject },
    { method: 'PUT', at: 'object', run: putObject },
    { method: 'POST', at: 'object', by: 'uploads', run: beginUpload },
    { method: 'POST', at: 'object', by: 'uploadId', run: completions(), isOfObject: true },
    { method: 'DELETE', at: 'object', by: 'uploadId', run: abortUpload },
    { method: 'DELETE', at: 'object', run: deleteObject },
  ];
}

// Parameters that name an operation which this bucket does not have. To answer another one in its place would be wrong.
const OTHERS = [
  ...[
    'abac',
    'accelerate',
    'acl',
    'analytics',
    'attributes',
    'cors',
    'encryption',
    'intelligent-tiering',
  ],
  ...[
    'inventory',
    'legal-hold',
    'lifecycle',
    'logging',
    'metadataConfiguration',
    'metadataTable',
    'metrics',
  ],
  ...[
    'notification',
    'object-lock',
    'ownershipControls',
    'policy',
    'policyStatus',
    'publicAccessBlock',
  ],
  ...[
    'rename',
    'renameObject',
    'replication',
    'requestPayment',
    'restore',
    'retention',
    'select',
    'session',
  ],
  ...['tagging', 'torrent', 'website', 'append'],
];

function operationFor(
  routes: readonly Route[],
  { method, query, headers, bucket, key }: S3Request,
  own: string,
): Route {
  const at = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  if (at !== 'service' && bucket !== own && !(at === 'bucket' && method === 'PUT')) {
    throw refusal(
      'NoSuchBucket',
      `The specified bucket does not exist; this machine has one, which is named ${own}.`,
    );
  }
  const route = routes.find(
    (each) =>
      each.method === method &&
      each.at === at &&
      (each.by === undefined || each.by in query) &&
      (each.header === undefined || each.header in headers),
  );
  const other = OTHERS.find((name) => name in query && name !== route?.by);
  if (other !== undefined) {
    throw refusal(
      'NotImplemented',
      `A parameter you provided implies functionality that is not implemented: ${other}`,
    );
  }
  if (route) return route;
  throw refusal('MethodNotAllowed', 'The specified method is not allowed against this resource.');
}

function requireRate(caller: S3Key, rates: KeyRates): void {
  const over = rates(caller);
  if (!over) return;
  throw refusal('SlowDown', `Please reduce your request rate: ${over.error}.`, {
    'retry-after': String(over.seconds),
  });
}

/** A copy reads one object and writes another. */
function requireRoles({ method, headers, caller }: S3Request): void {
  const isRead = method === 'GET' || method === 'HEAD';
  const needed: readonly Role[] = isRead
    ? ['see']
    : 'x-amz-copy-source' in headers
      ? ['see', 'drop']
      : ['drop'];
  const missing = needed.find((role) => !hasRole(caller, role));
  if (missing === undefined) return;
  throw refusal(
    'AccessDenied',
    `Access Denied: the key ${caller.name} lacks the role ${missing}; it has ${(caller.roles ?? []).join(', ')}`,
  );
}

type Note = (action: string, key: string, outcome: string) => void;

function noteFor(
  { caller }: S3Request,
  { socket }: IncomingMessage,
  audit: Pick<AuditLog, 'add'>,
): Note {
  const address = socket.remoteAddress ?? null;
  const actor = { by: caller.name, key: caller.id, door: 's3', address } as const;
  return (action, key, outcome) =>
    audit.add(actor, { action, model: modelOfObject(key), object: key || null, outcome });
}

/** Notes each object that is put or removed, whichever operation of S3 does so. */
function notingStore({ put, remove, ...others }: S3Bucket['store'], note: Note): S3Bucket['store'] {
  return {
    ...others,
    async put(key, ...more) {
      const stored = await put(key, ...more);
      note('putObject', key, 'done');
      return stored;
    },
    async remove(key, ...more) {
      const removed = await remove(key, ...more);
      note('removeObject', key, 'done');
      return removed;
    },
  };
}

function actionOf({ method, key }: S3Request): string {
  if (method === 'GET' || method === 'HEAD') return key === '' ? 'listObjects' : 'readObject';
  return method === 'DELETE' ? 'removeObject' : 'putObject';
}
