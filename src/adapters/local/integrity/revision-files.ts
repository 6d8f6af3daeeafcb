import { constants } from 'node:fs';
import { copyFile, link, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { removeFolder } from '#adapters/local/files/remove-folder.ts';
import { type CheckedFiles, GONE } from '#adapters/local/integrity/checked-files.ts';
import type { ArtifactPart } from '#domain/deployment.ts';
import { Failure, type FailureName } from '#domain/failure.ts';
import type { RevisionSpec } from '#ports/platform.ts';

/** A revision's folder: its model server's working directory, the artifact in it, and the only folder meant for writing. */
export type RevisionFolder = {
  readonly path: string;
  readonly artifact: string;
  readonly modelPath: string;
  readonly scratch: string;
};

export type ObjectPath = (key: string, versionId: string) => string;

/** Tells whether the bytes that a revision is served from are those it was deployed with. */
export type SoundObjects = {
  readonly checked: CheckedFiles;
  /** Why the object of a version does not have its bytes, and could not be mended, as a predicate; undefined when it has them. */
  problem(key: string, versionId: string): Promise<string | undefined>;
};

export type RevisionFiles = {
  folder(spec: RevisionSpec): RevisionFolder;
  /** Places the artifact's parts under their names, replacing what was there; places none if a build has processed them. */
  lay(spec: RevisionSpec): Promise<void>;
  /** Makes sure that the revision's files have their bytes, and places them again where they do not. Fails as `lay` does. */
  keepSound(spec: RevisionSpec): Promise<void>;
  /** Idempotent. */
  remove(revision: string): Promise<void>;
};

export function revisionFiles(
  directory: string,
  objectPath: ObjectPath,
  objects?: SoundObjects,
): RevisionFiles {
  const folder = ({ revision, modelFile }: RevisionSpec): RevisionFolder => {
    const path = join(directory, revision);
    return {
      path,
      artifact: join(path, 'artifact'),
      modelPath: join(path, 'artifact', modelFile),
      scratch: join(path, 'scratch'),
    };
  };
  const remove = (revision: string) => removeFolder(join(directory, revision));
  const partsOf = ({ image, artifact }: RevisionSpec) => (image ? [] : artifact.parts);

  async function requireSound({ revision, artifact }: RevisionSpec, part: ArtifactPart) {
    const problem = await objects?.problem(part.key, part.versionId);
    if (problem === GONE) throw gone({ revision, artifact });
    if (problem) throw damaged(revision, part, problem);
  }

  async function lay(spec: RevisionSpec): Promise<void> {
    const { path, artifact, scratch } = folder(spec);
    const parts = partsOf(spec);
    for (const { name } of parts) refuseEscape(name);
    // A model that is a folder may be all of its artifact.
    if (!spec.image && spec.modelFile !== '.') refuseEscape(spec.modelFile);
    for (const part of parts) await requireSound(spec, part);
    try {
      const sources = parts.map(({ key, versionId }) => objectPath(key, versionId));
      using _ = objects?.checked.renaming(sources);
      await remove(spec.revision);
      await mkdir(scratch, { recursive: true });
      for (const part of parts) {
        await place(objectPath(part.key, part.versionId), join(artifact, part.name));
      }
    } catch (cause) {
      throw translate(cause, spec);
    }
    for (const part of parts) {
      const problem = await problemOf(join(path, 'artifact', part.name), part);
      if (problem) throw damaged(spec.revision, part, problem);
    }
  }

  const problemOf = async (path: string, { checksum }: ArtifactPart) =>
    objects?.checked.problem(path, checksum.replace('sha256:', ''));

  return {
    folder,
    remove,
    lay,
    async keepSound(spec) {
      const { artifact, scratch } = folder(spec);
      for (const part of partsOf(spec)) {
        if (await problemOf(join(artifact, part.name), part)) return lay(spec);
      }
      await mkdir(scratch, { recursive: true }).catch((cause: unknown) => {
        throw translate(cause, spec);
      });
    },
  };
}

function damaged(revision: string, { key, checksum }: ArtifactPart, problem: string): Failure {
  return new Failure(
    'RevisionFailed',
    `${revision} is not served: ${checksum.replace('sha256:', 'objects/')}, which has the bytes of ${key}, ${problem}`,
    { fix: `Drop the same bytes as ${key} again, or restore a backup with \`slipway restore\`.` },
  );
}

function refuseEscape(name: string): void {
  const isInside = name.split('/').every((piece) => !['', '.', '..'].includes(piece));
  if (!isInside || name.includes('\0')) {
    throw new Failure(
      'ArtifactRejected',
      `${JSON.stringify(name)} is not a path inside an artifact`,
    );
  }
}

/** A hard link takes no space; it copies when the store is on another disk, or the file system has no links. */
async function place(source: string, destination: string): Promise<void> {
  await mkdir(dirname(destination), { recursive: true });
  await link(source, destination).catch(async (error: unknown) => {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS'].includes(errorCode(error))) throw error;
    await copyFile(source, destination, constants.COPYFILE_FICLONE);
  });
}

const FAILURES: Readonly<Record<string, readonly [FailureName, string]>> = {
  ENOSPC: ['StorageFull', 'the disk is full'],
  EDQUOT: ['StorageFull', 'the disk quota is used up'],
  EACCES: ['PlatformDenied', 'access to its files or folder is denied'],
  EROFS: ['PlatformDenied', 'the disk is read-only'],
  EMFILE: ['PlatformUnavailable', 'too many files are open'],
  ENFILE: ['PlatformUnavailable', 'too many files are open'],
};

type Named = Pick<RevisionSpec, 'revision' | 'artifact'>;

function gone({ revision, artifact }: Named, cause?: unknown): Failure {
  return new Failure(
    'ArtifactRejected',
    `${revision} cannot have ${artifact.key}: its bytes are no longer in the store`,
    { cause, fix: 'Drop the same bytes again, or restore a backup with `slipway restore`.' },
  );
}

function translate(cause: unknown, spec: Named): unknown {
  const code = errorCode(cause);
  if (code === 'ENOENT') return gone(spec, cause);
  const [name, fact] = FAILURES[code] ?? [];
  const { revision, artifact } = spec;
  return name
    ? new Failure(name, `${revision} cannot have ${artifact.key}: ${fact}`, { cause })
    : cause;
}
