import { expectedMemoryBytes, onnxMemory } from '#domain/placement/expected-memory.ts';

const MIB = 2 ** 20;
const TERMS = [
  { name: 'the server', bytes: 100 },
  { name: 'the weights', bytes: 50 },
];
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
    expect(expectedMemoryBytes(TERMS)).toBe(150);
  });

  it('is a third more than the most that a model of Python was seen to hold', () => {
    expect(expectedMemoryBytes(TERMS, { proof: PYTHON, smoke: null })).toBe(1300);
    const smoke = { peakBytes: 2000 };
    expect(expectedMemoryBytes(TERMS, { proof: PYTHON, smoke })).toBe(2600);
  });

  it('is a tenth more than what a language model was seen to hold, and not less than its terms', () => {
    const bytes = (peakBytes: number) =>
      expectedMemoryBytes(TERMS, { proof: { ...PYTHON, peakBytes }, smoke: null }, true);

    expect(bytes(1000)).toBe(1100);
    expect(bytes(100)).toBe(150);
    expect(expectedMemoryBytes(TERMS, { proof: null, smoke: { peakBytes: 1000 } }, true)).toBe(
      1100,
    );
    expect(expectedMemoryBytes(TERMS, undefined, true)).toBe(150);
  });

  it('is never less than the terms of an ONNX server that was asked for little', () => {
    expect(expectedMemoryBytes(TERMS, { proof: null, smoke: { peakBytes: 10 } })).toBe(150);
    expect(expectedMemoryBytes(TERMS, { proof: null, smoke: { peakBytes: 1000 } })).toBe(1300);
  });

  it('is at least half a GiB where nothing is known of the server', () => {
    expect(expectedMemoryBytes([], { proof: null, smoke: { peakBytes: 10 * MIB } })).toBe(
      512 * MIB,
    );
    expect(expectedMemoryBytes([], { proof: null, smoke: { peakBytes: 1000 * MIB } })).toBe(
      1300 * MIB,
    );
  });

  it('is of the model that is served where that was converted: its trees, unfolded, and small ones twice', () => {
    const server = 256 * MIB;
    const converted = (modelBytes: number) =>
      expectedMemoryBytes(TERMS, {
        proof: { ...PYTHON, conversion: { ...CONVERSION, kept: true }, modelBytes },
        smoke: null,
      });

    expect(converted(12 * MIB)).toBe(server + 156 * MIB);
    expect(converted(4 * MIB)).toBe(server + 104 * MIB);
    expect(converted(10)).toBe(server + 260);
  });

  it('is less for the weights of a network than for trees of the same size', () => {
    const model = { fileBytes: 100 * MIB, weightBytes: 100 * MIB };
    const bytes = (hasTrees: boolean) => expectedMemoryBytes(onnxMemory({ ...model, hasTrees }));

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
