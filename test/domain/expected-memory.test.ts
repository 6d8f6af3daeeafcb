import { expectedMemoryBytes } from '#domain/expected-memory.ts';

const TERMS = [
  { name: 'the server', bytes: 100 },
  { name: 'the weights', bytes: 50 },
];
const PYTHON = { runtime: 'python', peakBytes: 1000, modelBytes: 10 } as const;

describe('the memory that a replica is expected to use', () => {
  it('is the sum of the terms where nothing was measured', () => {
    expect(expectedMemoryBytes(TERMS)).toBe(150);
  });

  it('is a third more than the most that a model of Python was seen to hold', () => {
    expect(expectedMemoryBytes(TERMS, { proof: PYTHON, smoke: null })).toBe(1300);
    const smoke = { peakBytes: 2000 };
    expect(expectedMemoryBytes(TERMS, { proof: PYTHON, smoke })).toBe(2600);
  });

  it('is never less than the terms of an ONNX server that was asked for little', () => {
    expect(expectedMemoryBytes(TERMS, { proof: null, smoke: { peakBytes: 10 } })).toBe(150);
    expect(expectedMemoryBytes(TERMS, { proof: null, smoke: { peakBytes: 1000 } })).toBe(1300);
  });

  it('is of the model that is served where that was converted', () => {
    const proof = { ...PYTHON, runtime: 'onnx' } as const;
    const server = 256 * 2 ** 20;

    expect(expectedMemoryBytes(TERMS, { proof, smoke: null })).toBe(server + 25);
  });
});
