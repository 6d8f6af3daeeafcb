import type { BuildProof } from '#domain/build/proof.ts';
import type { Inspection } from '#domain/deployment.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import { judgeGolden } from '#domain/rollout/golden-verdict.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';

const REQUEST = { protocol: 'infer', body: { inputs: [] } } as const;
const EXPECT = { outputs: [{ name: 'probabilities', data: [0.9999996, 3.745e-7] }] };

/** Whether a model that was built is healthy when it answers so. */
function verdict(probability: number, conversion: Partial<BuildProof['conversion']>) {
  const facts = {
    ...{ format: 'xgboost', modelFile: 'm.ubj', signature: null, example: null },
  } as unknown as Inspection['facts'];
  const proof = {
    ...{ runtime: 'onnx', modelFile: 'model.onnx' },
    ...{ signature: null, example: { request: REQUEST, expect: EXPECT, rtol: 1e-4 } },
    conversion: { kept: false, maxDifference: null, ...conversion },
  } as unknown as BuildProof;
  const image = { proof } as NonNullable<Parameters<typeof declaredOf>[1]['image']>;
  const outputs = [{ name: 'probabilities', data: [1 - probability, probability] }];
  const answer = { kind: 'answer', status: 200, body: JSON.stringify({ outputs }) } as const;
  const declared = declaredOf({ facts, manifest: parseManifest('', '') }, { image });
  return judgeGolden(declared, { request: REQUEST, answer }).kind;
}

describe('the example of a build', () => {
  it('is answered by a conversion as nearly as it was seen to be, however small a number is', () => {
    const conversion = { kept: true, maxDifference: 1.2e-7 };

    expect(verdict(4.172e-7, conversion)).toBe('healthy');
    expect(verdict(2e-6, conversion)).toBe('unhealthy');
  });

  it('is answered by its own framework as it was', () => {
    expect(verdict(3.745e-7, {})).toBe('healthy');
    expect(verdict(4.172e-7, { maxDifference: 1.2e-7 })).toBe('unhealthy');
  });
});
