import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { WEIGHTS } from './encoder-memory.ts';

const MIB = 1024 * 1024;

// Node with onnxruntime, and with the library that decodes images: MobileNet V2 was seen at 203 MiB with small images.
const SERVER_BYTES = 185 * MIB;
// onnxruntime reads the file and then packs the weights of its matrix products.
const WEIGHT_COPIES = 2;
// The most that is taken (runtimes/onnx/images/decode.ts): JPEG takes 5 to 10 bytes for each while it is decoded, PNG 7 to 10, WebP 14.
const IMAGE_PIXELS = 25_000_000;
const PIXEL_BYTES = 14;
// Numbers of single precision that the layers hold at once, for each pixel of the input.
const VALUES_PER_PIXEL = 100;
const NUMBER_BYTES = 4;

/** A network over images: `width` and `height` are of what reaches it. */
export type ImageShape = {
  readonly weightBytes: number;
  readonly width: number;
  readonly height: number;
};

/**
 * What serving it by onnxruntime is expected to take: the server, the weights and their packed copy, the largest image that it takes, and what one is computed in.
 * Within 16 % of what was seen of MobileNet V2, ResNet-50, ConvNeXT and ViT, at 224 and 384 pixels, with such an image as WebP (549 to 1,068 MiB).
 */
export function imageMemory({ weightBytes, width, height }: ImageShape): readonly MemoryTerm[] {
  return [
    { name: 'the ONNX server', bytes: SERVER_BYTES },
    { name: WEIGHTS, bytes: weightBytes * WEIGHT_COPIES },
    { name: 'an image of 25 million pixels', bytes: IMAGE_PIXELS * PIXEL_BYTES },
    {
      name: `the activations of ${width} x ${height} pixels`,
      bytes: width * height * VALUES_PER_PIXEL * NUMBER_BYTES,
    },
  ];
}
