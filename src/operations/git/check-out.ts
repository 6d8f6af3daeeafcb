import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Crc64Nvme } from '@aws-sdk/checksums/crc';
import { EXAMPLES_FILE } from '#domain/comparison/examples-file.ts';
import type { Artifact, ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { FoundArtifact } from './artifact.ts';
import type { Git } from './git.ts';
import type { ModelFile } from './model-file.ts';

/** How a bucket names the bytes of an object: `sha256` on one machine, `crc64nvme` in an account. */
export type BucketChecksum = 'sha256' | 'crc64nvme';

/** An artifact as files on this machine, and as a deployment of it would be recorded, but for its keys. */
export type CheckedOut = {
  readonly path: string;
  readonly content: Pick<Artifact, 'parts' | 'manifest'>;
};

const MANIFEST = 'model.yaml';
// The owner alone reads them: they may be anybody's model.
const FILE_MODE = 0o600;

/**
 * Writes the files of an artifact into a new folder: their bytes as they were committed, with no filter, no hook, no line ends changed.
 * Fails with `ArtifactRejected` where the bytes behind a pointer have another hash, and where two paths cannot stand side by side here.
 */
export async function checkOut(
  git: Git,
  { model, found }: { readonly model: string; readonly found: FoundArtifact },
  { folder, checksum }: { readonly folder: string; readonly checksum: BucketChecksum },
): Promise<CheckedOut> {
  const root = found.path === '' ? join(folder, model) : folder;
  const parts: ArtifactPart[] = [];
  for (const file of found.files) {
    const sum = await written(git, file, { path: join(root, file.name), checksum });
    parts.push({ ...partOf(found, file), checksum: `${checksum}:${sum}` });
  }
  const manifest = parts.find(({ name }) => name === MANIFEST) ?? null;
  return {
    path: join(root, found.path),
    content: { parts: parts.filter((part) => part !== manifest), manifest },
  };
}

function partOf({ path, isFolder }: FoundArtifact, { name, sizeBytes }: ModelFile) {
  const part = { key: '', versionId: '', sizeBytes };
  if (isFolder) return { ...part, name: path === '' ? name : name.slice(path.length + 1) };
  if (name === `${path}.yaml`) return { ...part, name: MANIFEST };
  return { ...part, name: name === `${path}.${EXAMPLES_FILE}` ? EXAMPLES_FILE : name };
}

async function written(
  git: Git,
  { name, sizeBytes, from }: ModelFile,
  { path, checksum }: { readonly path: string; readonly checksum: BucketChecksum },
): Promise<string> {
  const sum = summing(checksum);
  const kept = 'path' in from ? createHash(from.algorithm) : undefined;
  const bytes = 'path' in from ? createReadStream(from.path) : Readable.from(git.blob(from.oid));
  let countBytes = 0;
  await placed(name, async () => {
    await mkdir(dirname(path), { recursive: true });
    await pipeline(
      bytes,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          sum.update(chunk);
          kept?.update(chunk);
          countBytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(path, { flags: 'wx', mode: FILE_MODE }),
    );
  });
  const isWhole = !('path' in from) || kept?.digest('hex') === from.digest;
  if (countBytes !== sizeBytes || !isWhole) {
    throw new Failure(
      'ArtifactRejected',
      `${name}: the bytes behind its pointer have another hash`,
      {
        fix: 'They are damaged: send them again, by `git lfs push` or `dvc push`.',
      },
    );
  }
  return sum.digest();
}

function summing(checksum: BucketChecksum) {
  if (checksum === 'sha256') {
    const hash = createHash('sha256');
    return {
      update: (bytes: Buffer) => void hash.update(bytes),
      digest: async () => hash.digest('hex'),
    };
  }
  const crc = new Crc64Nvme();
  return {
    update: (bytes: Buffer) => crc.update(bytes),
    digest: async () => Buffer.from(await crc.digest()).toString('base64'),
  };
}

const CLASHES: readonly unknown[] = ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EILSEQ'];

async function placed(name: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new Failure('StorageFull', `there is no room to check out ${name}`, {
        cause,
        fix: 'Free some, and push again.',
      });
    }
    if (!CLASHES.includes(code)) throw cause;
    throw new Failure('ArtifactRejected', `${name} cannot stand beside the other files (${code})`, {
      cause,
      fix: 'Rename it.',
    });
  }
}
