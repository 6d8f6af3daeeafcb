import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../runtimes/python-environment.ts';
import { HOSTILE } from '../support/pickles.ts';
import { pathOf, TECHNIQUES } from '../support/walls.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/pickles/hostile/', import.meta.url));
const SERVER = fileURLToPath(new URL('../../runtimes/python/', import.meta.url));
const LOAD = fileURLToPath(new URL('../support/walls/load.py', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('../support/walls/requirements.txt', import.meta.url));
const MINUTES_10 = 600_000;

// What a process that the wall has ended exits with.
const WALL = 70;

type Case = { readonly path: string; readonly facts: object };

type End = { readonly status: number; readonly says: string; readonly harm: readonly string[] };

const NO_FACTS = { entrypoint: null, signature: null, takesColumns: false, allowed: [] };

/** What takes only memory or time, or breaks its own process, is ended by the limits of the process. */
const BY_LIMITS = /memory|did not come to an end|ended the process/;

describe('the loader alone, with nothing inspected,', () => {
  it('loads nothing of a pickle that does harm', async () => {
    const cases = HOSTILE.filter(({ effect }) => !BY_LIMITS.test(effect));
    const ends = await loaded(
      cases.map(({ file }) => ({ path: join(FOLDER, file), facts: factsOf('sklearn') })),
    );

    const harmed = cases.filter(({ loadedBy }, at) => {
      // A second pickle behind the first is read by nobody.
      const isLoaded = ends[at]?.status === 0 && loadedBy !== 'all';
      return isLoaded || ends[at]?.harm.length !== 0;
    });
    expect(harmed.map(({ technique }) => technique)).toEqual([]);
    expect(cases.length).toBeGreaterThan(100);
  });

  it('loads nothing that two readers read differently', async () => {
    const ends = await loaded(
      TECHNIQUES.map((each) => ({ path: pathOf(each), facts: factsOf(each.format) })),
    );

    expect(ends.map(({ status, harm }) => ({ status, harm }))).toEqual(
      TECHNIQUES.map(() => ({ status: WALL, harm: [] })),
    );
    for (const { says } of ends) expect(says).toMatch(/^while it was loaded, the model .+ ended$/);
  });
});

test('the loader knows the very list of inspection', () => {
  const own = readFileSync(join(SERVER, 'slipway_server/pickle-globals.json'), 'utf8');
  const source = new URL('../../src/formats/data/pickle-globals.json', import.meta.url);

  expect(own).toBe(readFileSync(source, 'utf8'));
});

function factsOf(format: string): object {
  return { ...NO_FACTS, format };
}

async function loaded(cases: readonly Case[]): Promise<readonly End[]> {
  const python = await pythonWith(REQUIREMENTS);
  if (typeof python === 'object') throw new Error(python.missing);
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 2 ** 24, timeout: MINUTES_10 };
    const running = execFile(python, [LOAD, SERVER], options, (error, stdout) =>
      error ? reject(error) : resolve(JSON.parse(stdout)),
    );
    running.stdin?.end(JSON.stringify(cases));
  });
}
