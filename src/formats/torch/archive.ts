import { zipFiles } from '#formats/archives/zip-read.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** The members of a file that torch wrote, by their paths within its one folder. */
export type TorchArchive = {
  readonly file: string;
  /** The bytes of the whole file. */
  readonly source: ByteSource;
  readonly members: ReadonlyMap<string, ArtifactFile>;
};

// Each tensor is a member.
const MAX_MEMBERS = 50_000;
const MAX_BYTES = 256 * 2 ** 30;
export const RESAVE = 'Save it again with torch, and upload the whole file.';

export const EXPORT_AGAIN =
  'Export it again with torch 2.8 or later: torch.export.save(torch.export.export(module, args), "model.pt2").';

/** Lists the files that torch packed. Fails with `ArtifactRejected` when the file is not a zip, or not one of torch's. */
export async function openTorch(source: ByteSource, file: string): Promise<TorchArchive> {
  const files = await zipFiles(source, file, { maxBytes: MAX_BYTES, maxEntries: MAX_MEMBERS });
  refuseOldProgram(files, file);
  const [root = ''] = files[0]?.name.split('/') ?? [];
  const members = new Map<string, ArtifactFile>();
  for (const member of files) {
    if (!member.name.startsWith(`${root}/`)) {
      throw rejected(`${file} is a zip, but not as torch writes it: it has no one folder`, RESAVE);
    }
    members.set(member.name.slice(root.length + 1), member);
  }
  return { file, source, members };
}

/** Before 2.8, torch.export.save wrote its parts side by side. */
function refuseOldProgram(files: readonly ArtifactFile[], file: string): void {
  if (!files.some(({ name }) => name === 'serialized_exported_program.json')) return;
  throw rejected(`${file} is an exported program as torch wrote it before 2.8`, EXPORT_AGAIN);
}
