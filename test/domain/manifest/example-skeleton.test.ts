import type { Signature } from '#domain/artifact/signature.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { exampleSkeleton } from '#domain/manifest/example-skeleton.ts';
import { goldenRequest } from '#domain/rollout/golden-request.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';

const SIGNATURE: Signature = {
  inputs: [
    { name: 'on: "x"', datatype: 'FP32', shape: [-1, 3] },
    { name: 'y', datatype: 'BYTES', shape: [-1] },
    { name: 'flag', datatype: 'BOOL', shape: [] },
  ],
  outputs: [],
};

function read(signature: Signature | null) {
  return parseManifest(exampleSkeleton(signature).join('\n'), 'model.yaml');
}

describe('the skeleton of an example', () => {
  it('is a manifest whose example is the request that is made from the signature', () => {
    const manifest = read(SIGNATURE);

    const { server } = RUNTIMES.onnx;
    const made = goldenRequest({ signature: SIGNATURE, manifest: read(null), server }, 1);
    expect(manifest.examples).toEqual([expect.objectContaining({ request: made.body })]);
  });

  it('is the form alone where nothing says what goes in', () => {
    expect(read(null).examples).toHaveLength(1);
  });

  it('says how many values a large input has', () => {
    const image = { name: 'x', datatype: 'FP32', shape: [1, 3, 224, 224] } as const;

    const lines = exampleSkeleton({ inputs: [image], outputs: [] });

    expect(lines.at(-1)).toMatch(/data: \[(0, ){15}0\] \} {2}# 150528 values in all$/);
    expect(read({ inputs: [image], outputs: [] }).examples).toHaveLength(1);
  });

  it('says how many inputs it leaves out', () => {
    const inputs = Array.from({ length: 25 }, (_, at) => ({
      ...({ name: `c${at}`, datatype: 'FP64', shape: [-1] } as const),
    }));

    const lines = exampleSkeleton({ inputs, outputs: [] });

    expect(lines).toHaveLength(24);
    expect(lines.at(-1)?.trim()).toBe('# and 5 more inputs');
  });
});
