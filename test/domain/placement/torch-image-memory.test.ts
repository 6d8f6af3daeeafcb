import { torchImageMemory } from '#domain/placement/torch-image-memory.ts';

const MIB = 2 ** 20;

it('a network over images by torch takes its server, its weights once in single precision, the largest image, and what one is computed in', () => {
  expect(torchImageMemory({ parameters: 22_000_000, width: 224, height: 192 })).toEqual([
    { name: 'the server, PyTorch and transformers', bytes: 740 * MIB },
    { name: 'the weights', bytes: 88_000_000 },
    { name: 'an image of 25 million pixels', bytes: 450_000_000 },
    { name: 'the activations of 224 x 192 pixels', bytes: 224 * 192 * 100 * 4 },
  ]);
});
