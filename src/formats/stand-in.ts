import { pageOf } from '#domain/artifact/format.ts';
import { endsIn } from '#domain/artifact/known-files.ts';
import { type Failure, failureName } from '#domain/failure.ts';
import { isArchive } from '#formats/archives/open.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { fixOf, HEAD_BYTES, kindByMagic, kindByName } from './known-formats.ts';
import { rejected } from './rejected.ts';

const MOST_LOOKED_AT = 50;

/** Endings of a model's parts that do not identify any kind of file. */
const PARTS: readonly string[] = ['.bin', '.json', '.model', '.data-00000-of-00001'];

/**
 * The reason behind a refusal, where one of the files belongs to no model: a pointer of Git LFS, a page or an error
 * that a server answered, or a pickle under another format's name. Undefined where there is no such file, or the refusal names it.
 */
export async function refusalOfStandIn(
  files: readonly ArtifactFile[],
  refusal: unknown,
): Promise<Failure | undefined> {
  if (!(refusal instanceof Error) || failureName(refusal) !== 'ArtifactRejected') return undefined;
  const looked = files.filter(({ name }) => isOfModel(name)).slice(0, MOST_LOOKED_AT);
  for (const file of looked) {
    const kind = kindByMagic(await (await file.open()).read(0, HEAD_BYTES));
    const truth = kind?.isStandIn ? 'the file itself' : 'what its ending says';
    if (!kind || !(kind.isStandIn || isMisnamed(file.name, kind.format))) continue;
    if (refusal.message.includes(kind.what)) return undefined;
    return rejected(`${file.name} is ${kind.what}, not ${truth}`, fixOf(kind));
  }
  return undefined;
}

function isOfModel(name: string): boolean {
  return kindByName(name) !== undefined || isArchive(name) || endsIn(name, PARTS);
}

/** A pickle with the name of an archive or of another reader's format. */
function isMisnamed(name: string, format: string | null): boolean {
  const named = kindByName(name)?.format;
  // The readers of pickles report these themselves.
  const isElse = named ? !pageOf(named).isPickle : isArchive(name);
  return format === 'sklearn' && isElse;
}
