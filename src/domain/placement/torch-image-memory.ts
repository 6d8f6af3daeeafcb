import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { TORCH_SERVER } from './transformers-memory.ts';

// In single precision, whatever it was saved in.
const NUMBER_BYTES = 4;
// The most that is taken (runtimes/python/slipway_server/images/reading.py). As WebP with transparency Pillow takes 16 bytes for each while it decodes; what transformers makes of them takes some more.
const IMAGE_PIXELS = 25_000_000;
const PIXEL_BYTES = 18;
// Numbers of single precision that the layers hold at once, for each pixel of the input.
const VALUES_PER_PIXEL = 100;

/** A network over images that transformers serves: `width` and `height` are of what reaches it. */
export type TorchImageShape = {
  readonly parameters: number;
  readonly width: number;
  readonly height: number;
};

/**
 * What serving it by torch and transformers is expected to take, where it is no ONNX: the server, the weights once, the largest image that it takes, and what one is computed in.
 * Within 6 % of what was seen of ViT, ResNet-50, MobileNet V2, ConvNeXt at 384 pixels and EfficientNet-B7 at 600, with such an image as WebP (1,238 to 1,560 MiB).
 */
export function torchImageMemory({
  parameters,
  width,
  height,
}: TorchImageShape): readonly MemoryTerm[] {
  return [
    TORCH_SERVER,
    { name: 'the weights', bytes: parameters * NUMBER_BYTES },
    { name: 'an image of 25 million pixels', bytes: IMAGE_PIXELS * PIXEL_BYTES },
    {
      name: `the activations of ${width} x ${height} pixels`,
      bytes: width * height * VALUES_PER_PIXEL * NUMBER_BYTES,
    },
  ];
}
