import { imageMemory } from '#domain/placement/image-memory.ts';

const MIB = 2 ** 20;

it('a network over images takes its server, its weights twice, the largest image, and what one is computed in', () => {
  expect(imageMemory({ weightBytes: 90 * MIB, width: 224, height: 192 })).toEqual([
    { name: 'the ONNX server', bytes: 185 * MIB },
    { name: 'the weights and their copies', bytes: 180 * MIB },
    { name: 'an image of 25 million pixels', bytes: 350_000_000 },
    { name: 'the activations of 224 x 192 pixels', bytes: 224 * 192 * 100 * 4 },
  ]);
});

it('a larger input takes more to compute, a larger network more to hold', () => {
  const bytes = (edge: number, weightBytes: number) =>
    imageMemory({ weightBytes, width: edge, height: edge }).reduce(
      (sum, each) => sum + each.bytes,
      0,
    );

  expect(bytes(384, MIB)).toBeGreaterThan(bytes(224, MIB));
  expect(bytes(224, 9 * MIB) - bytes(224, MIB)).toBe(16 * MIB);
});
