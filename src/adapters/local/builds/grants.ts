import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { GrantedOrder } from '#ports/artifact-store.ts';
import { currentOrder } from './earlier-order.ts';

/** A file that anyone on this machine may read. */
export type GrantedFile = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly path: string;
};

const OWNER_ONLY = 0o600;

/** Writes each build's instructions and files under its id, and returns the URL. */
export function grants(folder: string) {
  mkdirSync(folder, { recursive: true });

  return async (
    id: string,
    granted: readonly GrantedFile[],
    order: GrantedOrder,
  ): Promise<string> => {
    const path = join(folder, `${id}.json`);
    const temporary = join(folder, `.${randomUUID()}`);
    const files = granted.map(({ name, sizeBytes, path }) => ({
      name,
      sizeBytes,
      url: urlOf(path),
    }));
    try {
      await writeFile(temporary, JSON.stringify({ order, files }), { mode: OWNER_ONLY });
      await rename(temporary, path);
    } catch (error) {
      throw storageFailure(error, path);
    }
    return urlOf(path);
  };
}

const urls = z.looseObject({ files: z.array(z.looseObject({ url: z.string() })) });

/** Has the grants in a folder name the files of the same names in `objects`, as after the data folder was copied elsewhere. */
export async function regrant(folder: string, objects: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const path = join(folder, name);
    const known = urls.safeParse(parseJson(await readFile(path, 'utf8'))).data;
    if (!known) continue;
    const files = known.files.map((file) => ({
      ...file,
      url: urlOf(join(objects, basename(fileURLToPath(file.url)))),
    }));
    await writeFile(path, JSON.stringify({ ...known, files }), { mode: OWNER_ONLY });
  }
}

const ordered = z.looseObject({ order: z.unknown() });

/** Brings the order of a grant into today's form where an earlier Slipway has written it. */
export async function renewGrant(path: string): Promise<void> {
  const known = ordered.safeParse(parseJson(await readFile(path, 'utf8'))).data;
  const order = currentOrder(known?.order);
  if (!order) return;
  const temporary = join(dirname(path), `.${randomUUID()}`);
  await writeFile(temporary, JSON.stringify({ ...known, order }), { mode: OWNER_ONLY });
  await rename(temporary, path);
}

const granted = z.object({ order: z.custom<BuildOrder>(isOfModel) });

/** The order of a build with this URL; null for the build of an environment. */
export async function grantedOrder(url = ''): Promise<BuildOrder | null> {
  if (!url.startsWith('file:')) return null;
  const text = await readFile(fileURLToPath(url), 'utf8').catch(() => '');
  return granted.safeParse(parseJson(text)).data?.order ?? null;
}

/** Slipway itself has written it. */
function isOfModel(order: unknown): boolean {
  return typeof order === 'object' && order !== null && 'environmentHash' in order;
}

function urlOf(path: string): string {
  return pathToFileURL(path).href;
}
