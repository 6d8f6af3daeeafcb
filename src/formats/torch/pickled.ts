import { Failure } from '#domain/failure.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readerOf } from '#formats/bytes/byte-reader.ts';
import { type Pickled, scanPickle } from '#formats/pickle/scan.ts';
import { rejected } from '#formats/rejected.ts';
import { openTorch, RESAVE, type TorchArchive } from './archive.ts';
import type { TorchGlobals } from './globals.ts';
import { storageOf } from './tensors.ts';

/** Follows one pickle of an archive whose tensors have their bytes beside it. */
export async function scanMember(
  { file }: TorchArchive,
  member: ArtifactFile,
  globals: TorchGlobals,
): Promise<Pickled> {
  const source = await member.open();
  try {
    return await scanPickle(readerOf(source), `${file} (${member.name})`, {
      globals,
      refer: storageOf,
    });
  } catch (error) {
    // The remedy that the pickle reader names is scikit-learn's.
    throw error instanceof Failure ? rejected(error.message, RESAVE) : error;
  }
}

/** An archive of torch that is stored as a whole in another. */
export async function openInner(
  { file }: TorchArchive,
  member: ArtifactFile,
): Promise<TorchArchive> {
  return openTorch(await member.open(), `${file} (${member.name})`);
}
