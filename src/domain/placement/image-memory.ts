import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { WEIGHTS } from './encoder-memory.ts';

const MIB = 1024 * 1024;

// Node with onnxruntime, and with the library that decodes images: MobileNet V2 was measured at 203 MiB with small images.
const SERVER_BYTES = 185 * MIB;
// onnxruntime reads the file and then packs the weights of its matrix products.
const WEIGHT_COPIES = 2;
// The most pixels that an image may have (runtimes/onnx/images/decode.ts): JPEG takes 5 to 10 bytes for each while it is decoded, PNG 7 to 10, WebP 14.
const IMAGE_PIXELS = 25_000_000;
const PIXEL_BYTES = 14;
// The single-precision numbers that the layers hold at once, for each pixel of the input.
const VALUES_PER_PIXEL = 100;
const NUMBER_BYTES = 4;

/** A network for images: `width` and `height` are the size of its input. */
export type ImageShape = {
  readonly weightBytes: number;
  readonly width: number;
  readonly height: number;
};

/**
 * The expected memory for serving it by onnxruntime: the server, the weights and their packed copy, the largest allowed image, and the working memory of one image.
 * Within 16 % of the measurements of MobileNet V2, ResNet-50, ConvNeXT and ViT, at 224 and 384 pixels, with such an image as WebP (549 to 1,068 MiB).
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
