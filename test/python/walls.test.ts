import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shareOfEach } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';
import { type End, loadedByOurs } from '../support/walls/python.ts';
import { ALL, type Technique } from '../support/walls/walls.ts';

const SERVER = fileURLToPath(new URL('../../runtimes/python/', import.meta.url));

// The exit status of a process that the wall has ended.
const WALL = 70;
// No loader in Python of our own reads these.
const OF_OTHERS = [
  ...['manifest', 'yaml'],
  // Nor torch, transformers and OpenVINO, by which ours load these.
  ...['torch', 'code of a folder', 'template', 'tokenizer', 'keras', 'keras in HDF5', 'spacy'],
  // Another server loads these, and nobody evaluates those.
  ...['onnx', 'requirements'],
];

describe('the loader alone, with nothing inspected,', () => {
  const own = ALL.filter(({ reader }) => !OF_OTHERS.includes(reader));
  // A reader does the same with all files of one effect: a third of them is tried.
  const tried = shareOfEach(own, ({ reader, effect }) => `${reader}: ${effect}`);
  process.stdout.write(`${tried.length} of ${own.length} files; SLIPWAY_SEED=${SEED}\n`);
  let ends: readonly End[];
  beforeAll(async () => {
    ends = await loadedByOurs(tried);
  });

  it('does no harm by what it is said to hold', () => {
    const harmed = seen((technique, { harm }) => holds(technique) && harm.length > 0);

    expect(harmed).toEqual([]);
  });

  it('ends the process that loads a pickle, or loads nothing of it', () => {
    const loaded = seen(
      (technique, { status }) =>
        holds(technique) && /\.(pkl|joblib|skops)$/.test(technique.file) && status === 0,
    );

    expect(loaded.map(({ technique }) => technique)).toEqual([]);
  });

  it('says why it ended the process', () => {
    const silent = seen(
      (_, { status, says }) =>
        status === WALL && !/^while it was loaded, the model .+ ended$/.test(says),
    );

    expect(silent).toEqual([]);
  });

  it('holds nothing of what it is said not to hold', async () => {
    let held: readonly Technique[] = seen(
      (technique, { harm }) => !holds(technique) && harm.length === 0,
    );

    // A file that reads memory beyond its own now and then finds a value there that lets it end.
    for (let again = 0; again < 3 && held.length > 0; again += 1) {
      const others = await loadedByOurs(held);
      held = held.filter((_, at) => others[at]?.harm.length === 0);
    }
    expect(held).toEqual([]);
  });

  function seen(is: (technique: Technique, end: End) => boolean) {
    return tried.flatMap((technique, at) => {
      const end = ends[at];
      if (!end) throw new Error(`${technique.file} was not loaded`);
      return is(technique, end) ? [{ ...technique, ...end }] : [];
    });
  }
});

it('no loader of ours is said to hold what it does not read', () => {
  expect(ALL.filter((each) => OF_OTHERS.includes(each.reader) && holds(each))).toEqual([]);
});

test('the loader knows the very list of inspection', () => {
  const own = readFileSync(join(SERVER, 'slipway_server/loading/pickle-globals.json'), 'utf8');
  const source = new URL('../../src/formats/data/pickle-globals.json', import.meta.url);

  expect(own).toBe(readFileSync(source, 'utf8'));
});

function holds({ heldBy }: Technique): boolean {
  return heldBy.includes(2);
}
