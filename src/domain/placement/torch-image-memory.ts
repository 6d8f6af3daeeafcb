import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { TORCH_SERVER } from './transformers-memory.ts';

// torch computes in single precision, whatever precision the weights were saved in.
const NUMBER_BYTES = 4;
// The most pixels that an image may have (runtimes/python/slipway_server/images/reading.py). For WebP with transparency, Pillow takes 16 bytes for each while it decodes; transformers' copies take some more.
const IMAGE_PIXELS = 25_000_000;
const PIXEL_BYTES = 18;
// The single-precision numbers that the layers hold at once, for each pixel of the input.
const VALUES_PER_PIXEL = 100;

/** A network for images that transformers serves: `width` and `height` are the size of its input. */
export type TorchImageShape = {
  readonly parameters: number;
  readonly width: number;
  readonly height: number;
};

/**
 * The expected memory for serving it by torch and transformers, where it is not converted to ONNX: the server, the weights once, the largest allowed image, and the working memory of one image.
 * Within 6 % of the measurements of ViT, ResNet-50, MobileNet V2, ConvNeXt at 384 pixels and EfficientNet-B7 at 600, with such an image as WebP (1,238 to 1,560 MiB).
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
