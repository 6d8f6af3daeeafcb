import {
  containerMemoryBytes,
  expectedMemoryBytes,
  onnxMemory,
} from '#domain/placement/expected-memory.ts';

const MIB = 2 ** 20;
const TERMS = [
  { name: 'the server', bytes: 100 },
  { name: 'the weights and their copies', bytes: 50 },
];
const MODEL = { format: 'xgboost', terms: TERMS } as const;
const LANGUAGE = { ...MODEL, language: {} as never };
const CONVERSION = {
  kept: false,
  reason: 'it is code',
  rows: 0,
  maxDifference: null,
  nativeMicros: null,
  onnxMicros: null,
};
const PYTHON = { conversion: CONVERSION, peakBytes: 1000, modelBytes: 10 };

describe('the memory that a replica is expected to use', () => {
  it('is the sum of the terms where nothing was measured', () => {
    expect(expectedMemoryBytes(MODEL)).toBe(150);
  });

  it('is a third more than the most that a model of Python was seen to hold', () => {
    expect(expectedMemoryBytes(MODEL, { proof: PYTHON, smoke: null })).toBe(1300);
    const smoke = { peakBytes: 2000 };
    expect(expectedMemoryBytes(MODEL, { proof: PYTHON, smoke })).toBe(2600);
  });

  it('is not less than the terms of an encoder that no build converts', () => {
    const unconverted = [{ name: 'the server', bytes: 5000 }];
    const bytes = (peakBytes: number) =>
      expectedMemoryBytes(
        { ...MODEL, unconverted },
        { proof: { ...PYTHON, peakBytes }, smoke: null },
      );

    expect(bytes(1000)).toBe(5000);
    expect(bytes(10_000)).toBe(13_000);
  });

  it('is a tenth more than what a language model was seen to hold, and not less than its terms', () => {
    const bytes = (peakBytes: number) =>
      expectedMemoryBytes(LANGUAGE, { proof: { ...PYTHON, peakBytes }, smoke: null });

    expect(bytes(1000)).toBe(1100);
    expect(bytes(100)).toBe(150);
    expect(expectedMemoryBytes(LANGUAGE, { proof: null, smoke: { peakBytes: 1000 } })).toBe(1100);
    expect(expectedMemoryBytes(LANGUAGE)).toBe(150);
  });

  it('is never less than the terms of an ONNX server that was asked for little', () => {
    expect(expectedMemoryBytes(MODEL, { proof: null, smoke: { peakBytes: 10 } })).toBe(150);
    expect(expectedMemoryBytes(MODEL, { proof: null, smoke: { peakBytes: 1000 } })).toBe(1300);
  });

  it('is at least half a GiB where nothing is known of the server', () => {
    expect(
      expectedMemoryBytes({ ...MODEL, terms: [] }, { proof: null, smoke: { peakBytes: 10 * MIB } }),
    ).toBe(512 * MIB);
    expect(
      expectedMemoryBytes(
        { ...MODEL, terms: [] },
        { proof: null, smoke: { peakBytes: 1000 * MIB } },
      ),
    ).toBe(1300 * MIB);
  });

  it('is of the model that is served where that was converted: its trees, unfolded, and small ones twice', () => {
    const server = 256 * MIB;
    const converted = (modelBytes: number) =>
      expectedMemoryBytes(MODEL, {
        proof: { ...PYTHON, conversion: { ...CONVERSION, kept: true }, modelBytes },
        smoke: null,
      });

    expect(converted(12 * MIB)).toBe(server + 156 * MIB);
    expect(converted(4 * MIB)).toBe(server + 104 * MIB);
    expect(converted(10)).toBe(server + 260);
  });

  it('is of weights where a network was converted', () => {
    const conversion = { ...CONVERSION, kept: true };
    const proof = { ...PYTHON, conversion, modelBytes: 100 * MIB };

    expect(expectedMemoryBytes({ ...MODEL, format: 'torch' }, { proof, smoke: null })).toBe(
      (256 + 250) * MIB,
    );
  });

  it('is that of its terms where an encoder was converted, with weights of int8 as much smaller as its file', () => {
    const encoder = { ...MODEL, format: 'huggingface', pipeline: {} as never } as const;
    const expected = (int8?: { bytes: number; fullBytes: number }) => {
      const kept = { ...CONVERSION, kept: true };
      const conversion = int8 ? { ...kept, int8: { kept: true, reason: '', ...int8 } } : kept;
      return expectedMemoryBytes(encoder, { proof: { ...PYTHON, conversion }, smoke: null });
    };

    expect(expected()).toBe(150);
    expect(expected({ bytes: 23, fullBytes: 92 })).toBe(100 + Math.ceil(12.5));
  });

  it('is less for the weights of a network than for trees of the same size', () => {
    const model = { fileBytes: 100 * MIB, weightBytes: 100 * MIB };
    const bytes = (hasTrees: boolean) =>
      expectedMemoryBytes({ ...MODEL, terms: onnxMemory({ ...model, hasTrees }) });

    expect(bytes(false)).toBe((256 + 250) * MIB);
    expect(bytes(true)).toBe((256 + 1300) * MIB);
    expect(onnxMemory({ ...model, hasTrees: true })).toEqual([
      { name: 'the ONNX server', bytes: 256 * MIB },
      { name: 'the trees, unfolded', bytes: 1300 * MIB },
    ]);
    expect(onnxMemory({ ...model, weightBytes: 200 * MIB, hasTrees: false })[1]).toEqual({
      name: 'the weights and their copies',
      bytes: 500 * MIB,
    });
  });
});

describe('the memory of a container, which has several requests under way', () => {
  const runs = [{ vcpus: 1, rows: 1, requests: 3, ms: 10, cpuMs: null }];
  const measured = (peakBytes: number) => ({
    ...({ by: 'quota', runs } as const),
    several: { atOnce: 8, vcpus: 1, requests: 16, ms: 10, peakBytes },
  });

  it('is a tenth more than its server held with several at once, and never less than for one', () => {
    const bytes = (peakBytes: number) =>
      containerMemoryBytes(1300, { measured: measured(peakBytes) });

    expect(bytes(2000)).toBe(2200);
    expect(bytes(1000)).toBe(1300);
  });

  it('is that for one where several were not tried', () => {
    expect(containerMemoryBytes(1300, null)).toBe(1300);
    expect(containerMemoryBytes(1300, { measured: { by: 'quota', runs } })).toBe(1300);
  });
});
