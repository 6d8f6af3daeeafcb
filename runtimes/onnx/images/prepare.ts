import type { Pixels, Size } from './pixels.ts';
import type { Preparation } from './processor.ts';
import { resized } from './resample.ts';

/** Turns an image into the network's input: one channel after the other, row by row. */
export type Prepared = Size & { readonly data: Float32Array };

export function prepared(image: Pixels, preparation: Preparation): Prepared {
  const { filter, sizeFor, crops, levels, channels } = preparation;
  const whole = resized(image, sizeFor(image), filter);
  const { width, height, data } = crops.reduce(cropped, whole);
  const area = width * height;
  const values = new Float32Array(channels.length * area);
  for (const [at, channel] of channels.entries()) {
    const level = levels[at] ?? new Float32Array(256);
    for (let pixel = 0; pixel < area; pixel += 1) {
      values[at * area + pixel] = level[data[pixel * channels.length + channel] ?? 0] ?? 0;
    }
  }
  return { width, height, data: values };
}

/** The middle of an image; black where that is smaller. */
function cropped(image: Pixels, { width, height }: Size): Pixels {
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  const data = new Uint8Array(width * height * 3);
  const [from, to] = [Math.max(0, left), Math.min(image.width, left + width)];
  for (let y = 0; y < height; y += 1) {
    const row = y + top;
    if (row < 0 || row >= image.height) continue;
    const start = row * image.width;
    data.set(
      image.data.subarray((start + from) * 3, (start + to) * 3),
      (y * width + from - left) * 3,
    );
  }
  return { width, height, data };
}
