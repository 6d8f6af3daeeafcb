import fc from 'fast-check';
import { DATATYPES, signatureSchema } from '#domain/artifact/signature.ts';

const spec = fc.record({
  name: fc.string(),
  datatype: fc.constantFrom(...DATATYPES),
  shape: fc.array(fc.integer({ min: -1, max: 2 ** 40 })),
});

describe('a signature', () => {
  it('comes back from the registry as it went in', () => {
    fc.assert(
      fc.property(fc.array(spec), fc.array(spec), (inputs, outputs) => {
        const signature = {
          inputs,
          outputs: outputs.map((output) => ({ ...output, isUnranked: true as const })),
        };

        expect(signatureSchema.parse(JSON.parse(JSON.stringify(signature)))).toEqual(signature);
      }),
    );
  });

  it.each([
    ['a datatype of another protocol', { name: 'x', datatype: 'FLOAT', shape: [] }],
    ['half a dimension', { name: 'x', datatype: 'FP32', shape: [1.5] }],
    ['a dimension below -1', { name: 'x', datatype: 'FP32', shape: [-2] }],
    ['no shape', { name: 'x', datatype: 'FP32' }],
  ])('has no tensor with %s', (_, tensor) => {
    expect(signatureSchema.safeParse({ inputs: [tensor], outputs: [] }).success).toBe(false);
  });
});
