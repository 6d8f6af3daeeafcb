import type { ArchiveMember } from '#domain/artifact/facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** One file of an artifact, read by ranges; for a file in an archive, `member` says where its bytes are. */
export type ArtifactFile = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly member?: ArchiveMember;
  open(): Promise<ByteSource>;
};
