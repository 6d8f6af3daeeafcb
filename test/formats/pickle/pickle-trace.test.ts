import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scan } from '../../support/models/pickles.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');

/** The trace of a pickle that test/fixtures/pickles/make/traces.py made by Python's pickletools. */
type Trace = { readonly opcodes: number; readonly sha256?: string; readonly each?: string };

const traces = Object.entries<Trace>(
  JSON.parse(readFileSync(join(FIXTURES, 'pickles/traces.json'), 'utf8')),
);

async function walked(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  const trace = (name: string, at: number) => void found.push(`${at} ${name}`);
  await scan(readFileSync(join(FIXTURES, path)), { trace }).catch(() => undefined);
  return found;
}

const harmless = traces.flatMap(([path, { opcodes, sha256 }]) =>
  sha256 ? [{ path, opcodes, sha256 }] : [],
);

it.each(harmless)(
  "$path is walked as Python's own pickletools walks it",
  async ({ path, opcodes, sha256 }) => {
    const found = await walked(path);

    expect(found).toHaveLength(opcodes);
    expect(createHash('sha256').update(found.join('\n')).digest('hex')).toBe(sha256);
  },
);

const harmful = traces.flatMap(([path, { each }]) => (each ? [{ path, each }] : []));

it.each(harmful)('$path is walked alike, up to where it is refused', async ({ path, each }) => {
  const seen = each.split(', ');

  const found = (await walked(path)).slice(0, seen.length);

  expect(found.length).toBeGreaterThan(0);
  expect(found).toEqual(seen.slice(0, found.length));
});

it('was seen by Python on more than sixty harmless models and sixty harmful pickles', () => {
  expect(harmless.length).toBeGreaterThan(60);
  expect(harmful.length).toBeGreaterThan(60);
});
