import { parseJson } from '#domain/parse-json.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { rejected } from '#formats/rejected.ts';

export type Json = Readonly<Record<string, unknown>>;
type Files = readonly ArtifactFile[];

const MAX_BYTES = 4 * 2 ** 20;

export const RESAVE =
  'Save the model again with `save_pretrained` (or `optimum-cli export onnx`), and upload the whole folder.';

export function fileIn(files: Files, folder: string, name: string): ArtifactFile | undefined {
  const path = within(folder, name);
  return files.find((file) => file.name === path);
}

/** The value of a JSON file in the folder; undefined where there is no such file. Fails with `ArtifactRejected` where it is not JSON. */
export async function jsonIn(files: Files, folder: string, name: string): Promise<unknown> {
  const file = fileIn(files, folder, name);
  if (!file) return undefined;
  const value = parseJson(await readText(file, MAX_BYTES));
  if (value === undefined) throw rejected(`${file.name} is not JSON`, RESAVE);
  return value;
}

/** The same for a file that holds an object. */
export async function objectIn(
  files: Files,
  folder: string,
  name: string,
): Promise<Json | undefined> {
  const value = await jsonIn(files, folder, name);
  if (value === undefined || isObject(value)) return value;
  throw rejected(`${within(folder, name)} is no JSON object`, RESAVE);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A whole number above 0, else null. */
export function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
