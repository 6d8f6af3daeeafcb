import type { Pixels, Size } from './pixels.ts';

/** The weight of a pixel, by its distance from the computed place; 0 from `support` on. */
type Filter = { readonly support: number; readonly weigh: (distance: number) => number };

/** The pixels from which a place is computed, from `first` on, and the weight of each, in 1/2^22. */
type Weights = { readonly first: number; readonly counts: Int32Array };

// Pillow computes in whole numbers, so its result is the same to the bit everywhere: https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
const BITS = 22;
const ONE = 2 ** BITS;
const CHANNELS = 3;

/** Pillow's filters, in the order of its numbers; the first takes only the nearest pixel. */
const FILTERS: readonly (Filter | null)[] = [
  null,
  { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  { support: 2, weigh: (x) => bicubic(Math.abs(x)) },
  { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  { support: 1, weigh: (x) => hamming(Math.abs(x)) },
];

export const FILTER_COUNT = FILTERS.length;

/** The image in another size, as Pillow's `Image.resize` makes it; `filter` by Pillow's number. */
export function resized(image: Pixels, { width, height }: Size, filter: number): Pixels {
  if (width === image.width && height === image.height) return image;
  const by = FILTERS[filter];
  if (!by) return nearest(image, { width, height });
  return isVerticalFirst(image, { width, height })
    ? horizontal(vertical(image, height, by), width, by)
    : vertical(horizontal(image, width, by), height, by);
}

/** The first pass is rounded before the second, as in Pillow since version 13. */
function isVerticalFirst(from: Size, { width, height }: Size): boolean {
  const lost = from.height - height;
  return lost > 0 && lost > 2 * (from.width - width);
}

function horizontal(image: Pixels, width: number, filter: Filter): Pixels {
  if (width === image.width) return image;
  const { height, data: from } = image;
  const data = new Uint8ClampedArray(width * height * CHANNELS);
  const weights = weightsOf(image.width, width, filter);
  for (let y = 0, place = 0; y < height; y += 1) {
    const row = y * image.width;
    for (const { first, counts } of weights) {
      sum(from, (row + first) * CHANNELS, CHANNELS, counts, data, place);
      place += CHANNELS;
    }
  }
  return { width, height, data };
}

function vertical(image: Pixels, height: number, filter: Filter): Pixels {
  if (height === image.height) return image;
  const { width, data: from } = image;
  const stride = width * CHANNELS;
  const data = new Uint8ClampedArray(height * stride);
  for (const [y, { first, counts }] of weightsOf(image.height, height, filter).entries()) {
    for (let x = 0; x < width; x += 1) {
      const place = x * CHANNELS;
      sum(from, first * stride + place, stride, counts, data, y * stride + place);
    }
  }
  return { width, height, data };
}

/** The three channels of one place, from pixels that are `stride` apart. */
function sum(
  from: Pixels['data'],
  start: number,
  stride: number,
  counts: Int32Array,
  to: Uint8ClampedArray,
  place: number,
): void {
  let [red, green, blue] = [ONE / 2, ONE / 2, ONE / 2];
  for (let at = 0, pixel = start; at < counts.length; at += 1, pixel += stride) {
    const count = counts[at] ?? 0;
    red += (from[pixel] ?? 0) * count;
    green += (from[pixel + 1] ?? 0) * count;
    blue += (from[pixel + 2] ?? 0) * count;
  }
  to[place] = red >> BITS;
  to[place + 1] = green >> BITS;
  to[place + 2] = blue >> BITS;
}

function weightsOf(from: number, to: number, { support, weigh }: Filter): readonly Weights[] {
  const scale = from / to;
  // A smaller image is computed from all pixels of the larger one.
  const widened = Math.max(scale, 1);
  const reach = support * widened;
  return Array.from({ length: to }, (_, at) => {
    const center = (at + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const end = Math.min(from, Math.trunc(center + reach + 0.5));
    const inverse = 1 / widened;
    const shares = Float64Array.from({ length: end - first }, (__, place) =>
      weigh((place + first - center + 0.5) * inverse),
    );
    const total = shares.reduce((so, each) => so + each, 0);
    const counts = Int32Array.from(shares, (share) => {
      const exact = (total === 0 ? share : share / total) * ONE;
      return Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
    });
    return { first, counts };
  });
}

function nearest(image: Pixels, { width, height }: Size): Pixels {
  const data = new Uint8Array(width * height * CHANNELS);
  const columns = places(image.width, width);
  for (const [y, row] of places(image.height, height).entries()) {
    for (const [x, column] of columns.entries()) {
      const pixel = (row * image.width + column) * CHANNELS;
      data.set(image.data.subarray(pixel, pixel + CHANNELS), (y * width + x) * CHANNELS);
    }
  }
  return { width, height, data };
}

/** Added up instead of multiplied, as Pillow does: the last digits decide between two pixels. */
function places(from: number, to: number): readonly number[] {
  const step = from / to;
  const found: number[] = [];
  for (let at = step * 0.5; found.length < to; at += step) found.push(Math.trunc(at));
  return found;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

function bicubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

function hamming(x: number): number {
  if (x === 0) return 1;
  if (x >= 1) return 0;
  const angle = x * Math.PI;
  return (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
}
