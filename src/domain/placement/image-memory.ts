import type { MemoryTerm } from '#domain/artifact/facts.ts';

const MIB = 1024 * 1024;

// Node with onnxruntime, and with the library that decodes images.
const SERVER_BYTES = 200 * MIB;
// onnxruntime reads the file and then packs the weights of its matrix products.
const WEIGHT_COPIES = 2;
// The most that is taken (runtimes/onnx/images/decode.ts), in RGB, as the file, and while it is decoded.
const IMAGE_PIXELS = 25_000_000;
const PIXEL_BYTES = 4;
// Of each pixel of the input, what the layers hold at once in single precision.
const VALUES_PER_PIXEL = 150;
const NUMBER_BYTES = 4;

/** A network over images: `width` and `height` are of what reaches it. */
export type ImageShape = {
  readonly weightBytes: number;
  readonly width: number;
  readonly height: number;
};

/** What serving it by onnxruntime is expected to take: the server, the weights and their packed copy, the largest image that it takes, and what one is computed in. */
export function imageMemory({ weightBytes, width, height }: ImageShape): readonly MemoryTerm[] {
  return [
    { name: 'the ONNX server', bytes: SERVER_BYTES },
    { name: 'the weights and their copies', bytes: weightBytes * WEIGHT_COPIES },
    { name: 'an image of 25 million pixels', bytes: IMAGE_PIXELS * PIXEL_BYTES },
    {
      name: `the activations of ${width} x ${height} pixels`,
      bytes: width * height * VALUES_PER_PIXEL * NUMBER_BYTES,
    },
  ];
}
