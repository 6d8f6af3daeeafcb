import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import {
  type FittedTensor,
  fractions,
  isSparseName,
  MOST_READ_BYTES,
  MOST_READS,
  type Numbers,
  tensorPrints,
  whole,
} from '#formats/bytes/tensor-prints.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

const MIB = 2 ** 20;
const FP32 = fractions(32);
const BLOCKS: Numbers = { itemBytes: 20, fractionBytes: null, scales: [{ start: 0, end: 4 }] };

/** How a version's numbers in a tensor differ: `from` and `to` as shares of it. */
type Edit = { readonly from?: number; readonly to?: number; readonly isQuantsOnly?: boolean };
type Given = {
  readonly bytes: number;
  readonly numbers?: Numbers;
  readonly edit?: Edit;
};
type Model = Readonly<Record<string, Given>>;

// No multiple of any size of blocks, so that no piece is as another.
const PERIOD = 1_000_003;
const PATTERNS = [0, 1].map((edit) =>
  Uint8Array.from(
    { length: 5 * PERIOD },
    (_, at) => (Math.imul((at % PERIOD) + 1, 2654435761) >>> 13) + edit,
  ),
);

function patterned(start: number, length: number, edit: 0 | 1): Uint8Array {
  const from = start % PERIOD;
  return Uint8Array.from(PATTERNS[edit]?.subarray(from, from + length) ?? []);
}

const isQuantsOnly = (edit: Edit | undefined) => edit?.isQuantsOnly === true;

/** The bytes of a tensor of any size, which are made as they are read; `reads` counts them. */
function source({ bytes, edit, numbers = FP32 }: Given, reads: { count: number; bytes: number }) {
  const from = (edit?.from ?? 0) * bytes;
  const to = (edit?.to ?? 1) * bytes;
  return {
    sizeBytes: bytes,
    async read(start: number, length: number) {
      reads.count += 1;
      reads.bytes += length;
      const found = patterned(start, length, 0);
      const [first, last] = [Math.max(start, from), Math.min(start + length, to)];
      if (edit && first < last) {
        const [begin, end] = [Math.floor(first), Math.floor(last)];
        found.set(patterned(begin, end - begin, 1), begin - start);
      }
      for (
        let at = start - (start % numbers.itemBytes);
        isQuantsOnly(edit) && at < start + length;
      ) {
        found.set(patterned(at, 4, 0).subarray(Math.max(0, start - at)), Math.max(0, at - start));
        at += numbers.itemBytes;
      }
      return found;
    },
  } satisfies ByteSource;
}

async function printed(model: Model) {
  const reads = { count: 0, bytes: 0 };
  const tensors = Object.entries(model).map(([name, given]): FittedTensor => {
    const { bytes, numbers = FP32 } = given;
    const sparse = isSparseName(name) && { isSparse: true };
    return {
      name,
      isFinal: true,
      ...sparse,
      source: source(given, reads),
      start: 0,
      bytes,
      numbers,
    };
  });
  return { prints: await tensorPrints(tensors), reads };
}

async function signs(before: Model, after: Model) {
  const [theirs, own] = [await printed(before), await printed(after)];
  return weightDifferences(theirs.prints, own.prints).map(({ what }) => what);
}

const LAYERS = 24;
/** A transformer, whose matrices have so many bytes each. */
function transformer(
  bytes: number,
  edits: Readonly<Record<string, Edit>> = {},
  numbers = FP32,
): Model {
  const of = (name: string, size: number, own = numbers) => {
    const edit = Object.entries(edits).find(([pattern]) => new RegExp(pattern).test(name))?.[1];
    return [name, { bytes: size, numbers: own, ...(edit && { edit }) }] as const;
  };
  return Object.fromEntries([
    of('model.embed_tokens.weight', 4 * bytes),
    ...Array.from({ length: LAYERS }, (_, layer) =>
      ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) =>
        of(`model.layers.${layer}.self_attn.${name}.weight`, bytes),
      ),
    ).flat(),
    ...Array.from({ length: LAYERS }, (_, layer) =>
      of(`model.layers.${layer}.norm.weight`, 512, FP32),
    ),
    of('lm_head.weight', 4 * bytes),
  ]);
}

describe.each([
  ['a small model, which is read wholly', 8 * 1024, FP32],
  ['a model of 500 MB, which is sampled', 4 * MIB, FP32],
  ['a model of 500 MB in blocks of four bits', 4_194_300, BLOCKS],
])('%s', (_, bytes, numbers) => {
  const model = (edits: Readonly<Record<string, Edit>> = {}) => transformer(bytes, edits, numbers);

  it('has few parts, and few reads', async () => {
    const { prints, reads } = await printed(model());

    expect(prints?.length).toBeLessThanOrEqual(64);
    expect(JSON.stringify(prints).length).toBeLessThan(16 * 1024);
    expect(reads.count).toBeLessThanOrEqual(MOST_READS);
    expect(reads.bytes).toBeLessThanOrEqual(1.25 * MOST_READ_BYTES);
  });

  it.each<[string, Readonly<Record<string, Edit>>]>([
    ['the first third of a tensor', { 'layers.3.self_attn.q': { to: 0.34 } }],
    ['the last quarter of a tensor', { 'layers.23.self_attn.o': { from: 0.75 } }],
    [
      'parts of two tensors',
      { 'layers.1.self_attn.v': { from: 0.8 }, 'layers.9.self_attn.k': { to: 0.3 } },
    ],
  ])('is damaged where other numbers are in %s', async (_, edits) => {
    expect(await signs(model(), model(edits))).toEqual([
      expect.stringMatching(
        /^some numbers in ".*" differ, and all others .* no training does that/,
      ),
    ]);
  });

  it.each<[string, Model]>([
    ['the same', model()],
    ['its tensors are in another order', Object.fromEntries(Object.entries(model()).reverse())],
    ['all of it was trained', model({ '': {} })],
    ['its last layers were trained', model({ 'lm_head|layers.2[0-9]': {} })],
    ['its head was trained', model({ lm_head: {} })],
    ['one matrix was edited', model({ 'layers.7.self_attn.o': {} })],
    ['adapters were merged in each layer', model({ '[qv]_proj': {} })],
    ['norms were trained', model({ norm: {} })],
    ['embeddings of some tokens were trained', model({ embed: { from: 0.97 } })],
    ['embeddings and a head were trained', model({ 'embed|lm_head': { from: 0.9 }, lm_head: {} })],
    ['adapters and some embeddings were trained', model({ v_proj: {}, embed: { to: 0.1 } })],
    [
      'tokens were added',
      { ...model(), 'model.embed_tokens.weight': { bytes: 4 * bytes + 640, numbers } },
    ],
    [
      'a layer was added',
      { ...model(), 'model.layers.24.self_attn.q_proj.weight': { bytes, numbers } },
    ],
  ])('is not damaged where %s', async (_, after) => {
    expect(await signs(model(), after)).toEqual([]);
  });
});

describe('the same weights in another type', () => {
  it.each<[string, Numbers, number]>([
    ['16 bits', fractions(16), 2],
    ['8 bits', whole(8), 4],
    ['blocks of four bits', BLOCKS, 6.4],
  ])('of %s are not damaged', async (_, numbers, times) => {
    const bytes = 320 * 1024;

    expect(await signs(transformer(bytes), transformer(bytes / times, {}, numbers))).toEqual([]);
  });

  it('are not damaged where only the norms have another type', async () => {
    const after = transformer(8192);
    const halved = Object.entries(after).map(([name, given]) => [
      name,
      name.includes('norm') ? { bytes: given.bytes / 2, numbers: fractions(16) } : given,
    ]);

    expect(await signs(transformer(8192), Object.fromEntries(halved))).toEqual([]);
  });
});

describe('numbers in blocks', () => {
  const model = (edit?: Edit) =>
    transformer(20_000, edit ? { 'layers.3.self_attn.q': edit } : {}, BLOCKS);

  it('are damaged where all of a tensor are others behind the same scales', async () => {
    expect(await signs(model(), model({ isQuantsOnly: true }))).toEqual([
      expect.stringMatching(/^some numbers in "model.layers.\*.self_attn.q_proj.weight" differ/),
    ]);
  });
});

describe('very many tensors', () => {
  const experts = (count: number, edits: Readonly<Record<number, Edit>> = {}): Model =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => {
        const edit = edits[at];
        return [`layers.${at % 8}.w${at}`, { bytes: MIB, ...(edit && { edit }) }] as const;
      }),
    );

  it('are sampled as far as the reads go', async () => {
    const { prints, reads } = await printed(experts(3000));

    expect(prints?.length).toBeLessThanOrEqual(64);
    expect(reads.count).toBeLessThanOrEqual(MOST_READS);
    expect(reads.bytes).toBeLessThanOrEqual(MOST_READ_BYTES);
  });

  it('are not damaged where half of them were trained', async () => {
    const trained = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [2 * at, {}]));

    expect(await signs(experts(3000), experts(3000, trained))).toEqual([]);
  });

  it('have no print where there are more than a record can be made of', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 20_001 }, (_, at) => [`w${at}`, { bytes: 8 }]),
    );

    expect((await printed(many)).prints).toBeUndefined();
  });

  it('of names without a pattern are one part, but for the largest', async () => {
    const words = Array.from(
      { length: 100 },
      (_, at) => `w${String.fromCharCode(97 + (at % 26))}${'x'.repeat(at)}`,
    );
    const model: Model = Object.fromEntries(
      words.map((name, at) => [name, { bytes: 64 * (at + 1) }]),
    );
    const { prints } = await printed(model);

    expect(prints).toHaveLength(64);
    expect(prints?.at(-1)?.name).toBe('the others');
    expect(Math.max(...(prints ?? []).map(({ name }) => name.length))).toBeLessThan(140);
  });
});

describe('a print', () => {
  const tensor = (bytes: Uint8Array, more: Partial<FittedTensor> = {}): FittedTensor => ({
    name: 'w',
    isFinal: true,
    source: {
      sizeBytes: bytes.length,
      read: async (start, length) => bytes.subarray(start, start + length),
    },
    start: 0,
    bytes: bytes.length,
    numbers: FP32,
    ...more,
  });
  const floats = (values: readonly number[]) => new Uint8Array(new Float32Array(values).buffer);

  it('counts the magnitudes of all its numbers, of 16 bits too', async () => {
    const values = Array.from({ length: 100 }, (_, at) => (at % 5) - 2);
    const halves = new Uint8Array(new Uint16Array(values.map((each) => each & 0x8003)).buffer);

    const prints = await tensorPrints([
      tensor(floats(values)),
      tensor(halves, { name: 'h', numbers: fractions(16) }),
    ]);

    expect(prints?.map(({ magnitudes }) => magnitudes)).toEqual([3, 2]);
  });

  it('tells two tensors of one name apart', async () => {
    const prints = await tensorPrints([tensor(floats([1, 2])), tensor(floats([3, 4]))]);

    expect(prints?.map(({ name }) => name)).toEqual(['w', 'w (2)']);
  });

  it.each([
    ['nothing', []],
    [
      'a large file in a compressed archive',
      [
        tensor(floats([1, 2]), {
          source: { sizeBytes: 8, streamedBytes: 65 * MIB, read: async () => new Uint8Array(8) },
        }),
      ],
    ],
  ])('is not made of %s', async (_, tensors) => {
    expect(await tensorPrints(tensors)).toBeUndefined();
  });

  it('is not made where its bytes lie too far apart to be read', async () => {
    const bytes = new Uint8Array(4 * MOST_READS * 8192);
    const apart = Array.from({ length: MOST_READS + 1 }, (_, at) =>
      tensor(bytes, { name: `w${at}`, start: at * 8192, bytes: 16 }),
    );

    expect(await tensorPrints(apart)).toBeUndefined();
  });
});
