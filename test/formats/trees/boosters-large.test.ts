import { openArchive } from '#formats/archives/open.ts';
import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { tarPart } from '../../support/bytes/tar.ts';
import { numbers, wideEnd, zipOf } from '../../support/bytes/zip.ts';
import { largeCatboost, largeXgboost, wholeLightgbm, wholeOf } from '../../support/models/large.ts';

const GIB = 2 ** 30;
const FEW_BYTES = 10 * 2 ** 20;
const FILE_BYTES = 6 * 2 ** 20;
// The head, by which the format is recognized, and the most that is read ahead.
const AHEAD_BYTES = 1024 + 2 ** 20;

describe('a file of 20 GB is read in parts', () => {
  it('where CatBoost saved it', async () => {
    const { name, head, tail } = largeCatboost();
    const source = holed(head, tail, 20 * GIB);

    expect(await inspectCatboost(source, name)).toMatchObject({ trees: 4 });
    expect(source.readBytes).toBeLessThan(FEW_BYTES);
  });

  it('where it is a tar or a zip', async () => {
    const size = 20 * GIB;
    const gnuSize = Buffer.alloc(12);
    gnuSize.writeUInt8(0x80);
    gnuSize.writeBigUInt64BE(BigInt(size), 4);
    const tar = holed(tarPart({ name: 'a', size: gnuSize }), Buffer.alloc(1024), size + 1536);
    const zip = holedZip(size);

    for (const [name, source] of [
      ['a.tar', tar],
      ['a.zip', zip],
    ] as const) {
      const file = { name, sizeBytes: source.sizeBytes, open: async () => source };
      expect(await openArchive(file, 100 * GIB)).toMatchObject([{ name: 'a', sizeBytes: size }]);
      expect(source.readBytes).toBeLessThan(FEW_BYTES);
    }
  });
});

describe('a booster is read whole at any size, as its framework believes what stands in the last tree too:', () => {
  const MANY = 2000;

  it.each(['json', 'ubj'] as const)('of XGBoost, as .%s', async (format) => {
    const large = largeXgboost(format, MANY);
    const { name } = large;
    const bytes = wholeOf(large);
    const lied = Buffer.from(bytes);
    const [lie, behind] = format === 'json' ? ['9', '":['] : ['\x7f', '[$l#L\0\0\0\0\0\0\0\0'];
    lied.write(lie, lied.lastIndexOf('left_children') + 'left_children'.length + behind.length);

    const facts = await inspectXgboost(bytesSource(bytes), name);

    expect(facts.parameters).toBeGreaterThan(MANY);
    await expect(inspectXgboost(bytesSource(lied), name)).rejects.toThrow(
      `its tree ${MANY - 1} has the child`,
    );
  });

  it('of LightGBM', async () => {
    const bytes = wholeLightgbm(3 * MANY);
    const lied = Buffer.from(Buffer.from(bytes).toString());
    lied.write('9', lied.lastIndexOf('left_child=') + 'left_child='.length);

    const facts = await inspectLightgbm(bytesSource(bytes), 'm.txt');

    expect(facts).toMatchObject({ trees: 3 * MANY });
    await expect(inspectLightgbm(bytesSource(lied), 'm.txt')).rejects.toThrow(
      `its tree ${3 * MANY - 1} has the child 9`,
    );
  });
});

describe('a booster is read at once as far as it is held, as to wait for each value is the most of an inspection:', () => {
  const TREES = 1000;
  // The window grows to 1 MiB, and the turns of one read are few.
  const MOST_TURNS = 200;

  it.each(['json', 'ubj'] as const)('of XGBoost, as .%s', async (format) => {
    const large = largeXgboost(format, TREES);
    const source = bytesSource(wholeOf(large));

    const turns = await turnsOf(inspectXgboost(source, large.name));

    expect(turns).toBeLessThan(MOST_TURNS);
  });
});

describe('a booster says the same wherever what is held of it ends:', () => {
  const [TREES, SHIFTS] = [200, 100];

  it.each(['json', 'ubj'] as const)('of XGBoost, as .%s', async (format) => {
    const large = largeXgboost(format, TREES);
    const whole = wholeOf(large);
    const facts = await inspectXgboost(bytesSource(whole), large.name);

    for (let shift = 1; shift <= SHIFTS; shift += 1) {
      const text = 'x'.repeat(shift);
      const added =
        format === 'json'
          ? `"added":"${text}",`
          : `U\x05addedSU${String.fromCharCode(shift)}${text}`;
      const shifted = Buffer.concat([Buffer.from(`{${added}`), whole.subarray(1)]);
      expect(await inspectXgboost(bytesSource(shifted), large.name)).toEqual(facts);
    }
  });
});

describe('a file made to be slow is refused where that shows, and read no further:', () => {
  const learner = '{"learner":{"gradient_booster":{"model":{"trees":[';

  it.each([
    {
      what: 'JSON of trees that are none, which are passed over once',
      content: `${learner}${'{},'.repeat(FILE_BYTES / 3)}`,
      says: 'the file ends',
      byBytes: FILE_BYTES,
    },
    {
      what: 'JSON of keys',
      content: `{"learner":{${Array.from({ length: FILE_BYTES / 16 }, (_, key) => `"${key}":0`).join()}`,
      says: ' 100 parameters',
      byBytes: 65_536,
    },
    {
      what: 'JSON of one long text',
      content: `{"learner":{"${'x'.repeat(FILE_BYTES)}`,
      says: 'a text of more than 65536 bytes',
      byBytes: 65_536,
    },
    {
      what: 'JSON of backslashes, which are passed over once',
      content: `{"learner":{"a":["${'\\'.repeat(FILE_BYTES)}`,
      says: 'the file ends',
      byBytes: FILE_BYTES,
    },
    {
      what: 'JSON of names',
      content: `{"learner":{"feature_names":[${'"",'.repeat(FILE_BYTES / 3)}`,
      says: 'more than 100000 feature names',
      byBytes: 3 * 100_000,
    },
    {
      what: 'JSON of brackets, which are passed over once',
      content: `{"learner":${'['.repeat(FILE_BYTES)}`,
      says: 'the file ends',
      byBytes: FILE_BYTES,
    },
  ])('$what', async ({ content, says, byBytes }) => {
    const source = bytesSource(Buffer.from(content));

    await expect(inspectXgboost(source, 'm.json')).rejects.toThrow(says);

    expect(source.readBytes).toBeLessThan(byBytes + AHEAD_BYTES);
  });

  it.each([
    {
      what: 'UBJSON of lists in lists',
      content: Buffer.from('['.repeat(FILE_BYTES)),
      says: 'values nested too deeply',
      byBytes: 100,
    },
    {
      what: 'UBJSON of small numbers, which are passed over once',
      content: Buffer.from(`[${'U1'.repeat(FILE_BYTES / 2)}`),
      says: 'the file ends',
      byBytes: FILE_BYTES,
    },
    {
      what: 'UBJSON of a list of nothing, however long that says it is',
      content: Buffer.concat([
        Buffer.from('[$Z#L'),
        Buffer.from([0, 0, 255, 255, 255, 255, 255, 255]),
      ]),
      says: 'a list of nothing',
      byBytes: 100,
    },
  ])('$what', async ({ content, says, byBytes }) => {
    const key = Buffer.concat([Buffer.from('{L'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 7])]);
    const source = bytesSource(Buffer.concat([key, Buffer.from('learner'), content]));

    await expect(inspectXgboost(source, 'm.ubj')).rejects.toThrow(says);

    expect(source.readBytes).toBeLessThan(byBytes + AHEAD_BYTES);
  });

  it('LightGBM with a head of more than 8 MiB', async () => {
    const headBytes = 8 * 2 ** 20;
    const source = bytesSource(Buffer.from(`tree\n${'a=b\n'.repeat(headBytes / 2)}`));

    await expect(inspectLightgbm(source, 'm.txt')).rejects.toThrow('the head of one');

    expect(source.readBytes).toBeLessThan(headBytes + AHEAD_BYTES);
  });
});

/** How often other work of the process has its turn meanwhile. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let [turns, isOver] = [0, false];
  const next = () => {
    turns += 1;
    if (!isOver) queueMicrotask(next);
  };
  next();
  try {
    await work;
  } finally {
    isOver = true;
  }
  return turns;
}

type Counted = ByteSource & { readBytes: number };

/** A file of that size which is zeros between its two ends. */
function holed(begin: Uint8Array, end: Uint8Array, sizeBytes: number): Counted {
  return {
    sizeBytes,
    readBytes: 0,
    async read(start, length) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, sizeBytes - start)));
      this.readBytes += bytes.length;
      if (start < begin.length) Buffer.from(begin).copy(bytes, 0, start);
      const endsAt = sizeBytes - end.length;
      const from = Math.max(start, endsAt);
      if (from < start + bytes.length) Buffer.from(end).copy(bytes, from - start, from - endsAt);
      return bytes;
    },
  };
}

function holedZip(size: number): Counted {
  const far = 0xffffffff;
  const sizes = Buffer.concat([numbers([2, 1], [2, 16], [8, size], [8, size])]);
  const said = { size: far, stored: far, extra: sizes };
  const shape = { end: { offset: far }, wide: () => wideEnd(directory) };
  const directory = { offset: 31 + sizes.length + size, size: 47 + sizes.length, entries: 1 };
  const small = zipOf([{ name: 'a', local: said, central: said }], shape);
  const begin = 31 + sizes.length;
  return holed(small.subarray(0, begin), small.subarray(begin), small.length + size);
}
