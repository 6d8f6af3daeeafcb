import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildProof } from '#domain/build/proof.ts';
import { COMMANDS } from '../../../support/local/commands.ts';
import { ORDER } from '../../../support/worlds/build-order.ts';

const { proofOf } = await import(String(pathToFileURL(join(COMMANDS, 'proof.mjs'))));

// A program cannot be started beside a longer variable (MAX_ARG_STRLEN).
const MOST_BYTES = 128 * 1024;

const SIGNATURE = {
  inputs: [{ name: 'rows', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'predictions', datatype: 'INT64', shape: [-1] }],
};
const EXAMPLE = {
  request: { protocol: 'infer', body: { inputs: [] } },
  expect: { outputs: [] },
  rtol: 0.001,
};
const DESCRIBED = {
  signature: SIGNATURE,
  takesColumns: false,
  example: EXAMPLE,
  importMs: 1,
  loadMs: 2,
  peakBytes: 3,
  packages: ['numpy==2.3.5', 'scikit-learn==1.8.0'],
};
const KEPT = {
  converted: true,
  reason: 'it answers 32 golden rows',
  rows: 32,
  maxDifference: 0,
  nativeMicros: 1,
  onnxMicros: 1,
};
const PYTHON = { python: '3.13', orElse: [], requirements: ['Scikit_Learn==1.8.0', 'zstandard'] };

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => `package-${index}==1.0.${index}`);

/** The proof as Slipway reads it from a build's exported variables. */
function read(described: object, conversion: object = KEPT) {
  const order = { ...ORDER, runtime: 'python', convertsTo: 'onnx', python: PYTHON };
  const proof = { ...proofOf(order, { ...DESCRIBED, ...described }, conversion), modelBytes: 1 };
  const text = JSON.stringify(proof);
  expect(Buffer.byteLength(text)).toBeLessThan(MOST_BYTES / 4);
  return buildProof.parse(JSON.parse(text));
}

describe('what a build exports of its proof', () => {
  it('is all that was found out', () => {
    expect(read({})).toEqual({
      runtime: 'onnx',
      modelFile: 'model.onnx',
      modelBytes: 1,
      takesColumns: false,
      importMs: 1,
      loadMs: 2,
      peakBytes: 3,
      signature: SIGNATURE,
      example: EXAMPLE,
      conversion: {
        kept: true,
        reason: 'it answers 32 golden rows',
        rows: 32,
        maxDifference: 0,
        nativeMicros: 1,
        onnxMicros: 1,
      },
      packages: DESCRIBED.packages,
    });
  });

  it('names every package of an environment of the usual size', () => {
    expect(read({ packages: many(100) }).packages).toEqual(many(100));
  });

  it('names those that the model asks for, and says how many more there are, where they are too many', () => {
    const packages = [...many(500), 'scikit-learn==1.8.0', 'zstandard==0.25.0'];

    const named = read({ packages }).packages;

    expect(named.slice(0, 3)).toEqual([
      'scikit-learn==1.8.0',
      'zstandard==0.25.0',
      'package-0==1.0.0',
    ]);
    expect(named.at(-1)).toBe(`and ${packages.length - named.length + 1} more`);
    expect(named.length).toBeGreaterThan(100);
    expect(Buffer.byteLength(JSON.stringify(named))).toBeLessThanOrEqual(4096);
  });

  it('holds no package’s name of any length, and no reason', () => {
    const long = 'x'.repeat(1_000_000);

    const { packages, conversion } = read({ packages: [long] }, { ...KEPT, reason: long });

    expect(packages).toEqual([`${'x'.repeat(500)}…`]);
    expect(conversion.reason).toBe(`${'x'.repeat(500)}…`);
  });

  it('has no answer to expect of quantized weights, but the request', () => {
    const int8 = { kept: true, reason: 'x'.repeat(1000), bytes: 23, fullBytes: 90 };

    const { example, conversion } = read({}, { ...KEPT, int8 });

    expect(example).toEqual({ request: EXAMPLE.request, rtol: EXAMPLE.rtol });
    expect(conversion.int8).toEqual({ ...int8, reason: `${'x'.repeat(500)}…` });
  });

  it('has the answer where they are in full, and none where there is no example', () => {
    const int8 = { kept: false, reason: 'the least cosine is 0.9' };

    expect(read({}, { ...KEPT, int8 }).example).toEqual(EXAMPLE);
    expect(read({ example: null }, { ...KEPT, int8: { ...int8, kept: true } }).example).toBeNull();
  });

  it('leaves out an example and a signature that are too long', () => {
    const inputs = many(1000).map((name) => ({ name, datatype: 'FP32', shape: [-1] }));
    const example = { ...EXAMPLE, expect: 'x'.repeat(10_000) };

    expect(read({ signature: { ...SIGNATURE, inputs }, example })).toMatchObject({
      signature: null,
      example: null,
    });
  });
});
