import { randomBytes } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { bounded } from '#adapters/aws/bounded.ts';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import type {
  ArtifactRef,
  ArtifactStore,
  ByteSource,
  GrantedOrder,
  NamedRef,
} from '#ports/artifact-store.ts';
import { headObject, unlessAbsent } from './s3-heads.ts';
import { listNewest, newestPage } from './s3-versions.ts';

type Options = {
  readonly client: S3Client;
  /** The only bucket it serves; objects in any other count as absent. */
  readonly bucket: string;
};

const HEADS_AT_ONCE = 16;
// Longer than a build waits for room in the account (2.3 h), then in its queue (2 h), and runs (1 h).
const GRANT_SECONDS = 6 * 3600;
const SECRET_BYTES = 16;

/** A versioned S3 bucket. Reading also needs `s3:ListBucket`: without it S3 answers 403 for a missing object. */
export function s3ArtifactStore({ client, bucket }: Options): ArtifactStore {
  const head = (key: string, versionId?: string) =>
    headObject(client, bucket, versionId === undefined ? { key } : { key, versionId });

  async function describe(ref: ArtifactRef) {
    return ref.bucket === bucket ? head(ref.key, ref.versionId) : undefined;
  }

  return {
    describe,
    latest: async (name, key) => (name === bucket ? head(key) : undefined),

    async list(name, prefix, wanted) {
      if (name !== bucket) return [];
      const newest = await listNewest(client, bucket, prefix, wanted);
      const objects = await bounded(newest, HEADS_AT_ONCE, ({ key, versionId }) =>
        head(key, versionId),
      );
      return objects.filter((object) => object !== undefined);
    },

    async newest(name, prefix, after) {
      return name === bucket
        ? newestPage(client, bucket, prefix, after)
        : { objects: [], next: null };
    },

    async open(ref) {
      const object = await describe(ref);
      if (!object) throw gone(ref);
      return byteSource(client, ref, object.sizeBytes);
    },

    async grant(id, named, order) {
      const files = await Promise.all(named.map((file) => granted(client, file)));
      const folder = folderOf(order);
      const Key = `${folder}/${id}/${secret()}.json`;
      const place = { Bucket: bucket, Key };
      const body = { Body: JSON.stringify({ order, files }), ContentType: 'application/json' };
      await translated(() => client.send(new PutObjectCommand({ ...place, ...body })));
      return folder === 'orders'
        ? signed(client, new GetObjectCommand(place))
        : `s3://${bucket}/${Key}`;
    },

    imagePlace: (id) => `s3://${bucket}/own-images/${id}/${secret()}`,
  };
}

/** A folder for each role that reads lists of files: it may read all of them, but has to guess another build's. The order of an environment leads to no file, and its build has no business in this bucket. */
function folderOf(order: GrantedOrder): 'builds' | 'own-builds' | 'orders' {
  if (!('runtime' in order)) return 'orders';
  return order.leavesImageAt === undefined ? 'builds' : 'own-builds';
}

function secret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

function byteSource(client: S3Client, ref: ArtifactRef, sizeBytes: number): ByteSource {
  return {
    sizeBytes,
    async read(start, length) {
      const end = Math.min(start + length, sizeBytes);
      if (end <= start) return new Uint8Array();
      const range = new GetObjectCommand({ ...place(ref), Range: `bytes=${start}-${end - 1}` });
      const bytes = await unlessAbsent(async () => {
        const { Body } = await client.send(range);
        return Body?.transformToByteArray();
      });
      if (!bytes) throw gone(ref);
      return bytes;
    },
  };
}

async function granted(client: S3Client, file: NamedRef) {
  const { name, sizeBytes } = file;
  return { name, sizeBytes, url: await signed(client, new GetObjectCommand(place(file))) };
}

/** A signature expires with the credentials that made it, if those expire sooner. */
function signed(client: S3Client, command: GetObjectCommand): Promise<string> {
  return translated(() => getSignedUrl(client, command, { expiresIn: GRANT_SECONDS }));
}

function place({ bucket, key, versionId }: ArtifactRef) {
  return { Bucket: bucket, Key: key, VersionId: versionId };
}

function gone({ key, versionId }: ArtifactRef): Failure {
  return new Failure('ArtifactRejected', `${key} has no version ${versionId}`, {
    fix: 'Upload it again.',
  });
}
