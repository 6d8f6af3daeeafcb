import { constants } from 'node:fs';
import { copyFile, link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

export type RevisionFiles = {
  folder(spec: RevisionSpec): RevisionFolder;
  /** Places the artifact's parts under their names, replacing what was there; places none if a build has processed them. */
  lay(spec: RevisionSpec): Promise<void>;
  /** Idempotent. */
  remove(revision: string): Promise<void>;
};

export function revisionFiles(directory: string, objectPath: ObjectPath): RevisionFiles {
  const folder = ({ revision, modelFile }: RevisionSpec): RevisionFolder => {
    const path = join(directory, revision);
    return {
      path,
      artifact: join(path, 'artifact'),
      modelPath: join(path, 'artifact', modelFile),
      scratch: join(path, 'scratch'),
    };
  };
  const remove = (revision: string) =>
    rm(join(directory, revision), { recursive: true, force: true });

  return {
    folder,
    remove,
    async lay(spec) {
      const { path, scratch } = folder(spec);
      const parts = spec.image ? [] : spec.artifact.parts;
      for (const { name } of parts) refuseEscape(name);
      // A model that is a folder may be all of its artifact.
      if (!spec.image && spec.modelFile !== '.') refuseEscape(spec.modelFile);
      try {
        await remove(spec.revision);
        await mkdir(scratch, { recursive: true });
        for (const part of parts) {
          await place(objectPath(part.key, part.versionId), join(path, 'artifact', part.name));
        }
      } catch (cause) {
        throw translate(cause, spec);
      }
    },
  };
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
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error))) throw error;
    await copyFile(source, destination, constants.COPYFILE_FICLONE);
  });
}

const FAILURES: Readonly<Record<string, readonly [FailureName, string]>> = {
  ENOENT: ['ArtifactRejected', 'its bytes are no longer in the store'],
  ENOSPC: ['StorageFull', 'the disk is full'],
  EDQUOT: ['StorageFull', 'the disk quota is used up'],
  EACCES: ['PlatformDenied', 'access to its files or folder is denied'],
  EROFS: ['PlatformDenied', 'the disk is read-only'],
  EMFILE: ['PlatformUnavailable', 'too many files are open'],
  ENFILE: ['PlatformUnavailable', 'too many files are open'],
};

function translate(cause: unknown, { revision, artifact }: RevisionSpec): unknown {
  const [name, fact] = FAILURES[codeOf(cause)] ?? [];
  return name
    ? new Failure(name, `${revision} cannot have ${artifact.key}: ${fact}`, { cause })
    : cause;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
