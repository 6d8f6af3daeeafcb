import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { type GgufHeader, readGguf } from './header.ts';
import type { GgufTensors } from './tensors.ts';

type Part = Pick<GgufHeader, 'tensors' | 'fitted'>;

const NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
const MAX_PARTS = 1000;
const FIX =
  'Upload all parts together as one folder, under the names that llama-gguf-split gave them.';

/** Whether a file is a later part of a model whose first part is there too. */
export function isLaterPart(name: string, names: ReadonlySet<string>): boolean {
  const [, stem, number, count] = NAME.exec(name) ?? [];
  if (stem === undefined || number === '00001') return false;
  return names.has(`${stem}-00001-of-${count}.gguf`);
}

/**
 * The tensors of a model in one file, or in as many parts as that file says: all of them beside it, under the names by which llama.cpp looks for them.
 * Fails with `ArtifactRejected`.
 */
export async function allTensors(
  { values, tensors, fitted }: GgufHeader,
  file: string,
  files: readonly ArtifactFile[],
): Promise<readonly Part[]> {
  const parts = numberOf(values, 'split.count') || 1;
  if (parts === 1) return [{ tensors, fitted }];
  const [, stem, number, count] = NAME.exec(file) ?? [];
  if (parts > MAX_PARTS || stem === undefined || Number(count) !== parts) {
    throw rejected(`${file} is a part of ${parts}, which its name does not say`, FIX);
  }
  if (Number(number) !== 1 || numberOf(values, 'split.no') !== 0) {
    throw rejected(`${file} is not the first part of ${parts}, and that is not beside it`, FIX);
  }
  const found: Part[] = [{ tensors, fitted }];
  for (let part = 2; part <= parts; part += 1) {
    const name = `${stem}-${String(part).padStart(5, '0')}-of-${count}.gguf`;
    const beside = files.find((each) => each.name === name);
    if (!beside) throw rejected(`${quoted(name)} is not beside ${file}, the first part`, FIX);
    const header = await readGguf(await beside.open(), name);
    const said = numberOf(header.values, 'split.count');
    if (numberOf(header.values, 'split.no') !== part - 1 || said !== parts) {
      throw rejected(`${quoted(name)} is another part than its name says`, FIX);
    }
    found.push(header);
  }
  refuseTwice(
    found.map((part) => part.tensors),
    file,
  );
  const there = found.reduce((sum, part) => sum + part.tensors.count, 0);
  const announced = numberOf(values, 'split.tensors.count');
  if (announced === there) return found;
  throw rejected(`${file} announces ${announced} tensors; its ${parts} parts have ${there}`, FIX);
}

function refuseTwice(parts: readonly GgufTensors[], file: string): void {
  const names = new Set<string>();
  for (const name of parts.flatMap((part) => [...part.names])) {
    if (names.has(name)) {
      throw rejected(`the parts of ${file} have the tensor ${quoted(name)} twice`, FIX);
    }
    names.add(name);
  }
}

function numberOf(values: GgufHeader['values'], key: string): number {
  const value = values.get(key);
  return typeof value === 'number' ? value : 0;
}
