import type { ByteSource } from '#ports/artifact-store.ts';
import type { NamedFile } from './external-data.ts';

/** A file of an artifact, by its name within it. */
export type ArtifactFile = NamedFile & { open(): Promise<ByteSource> };
