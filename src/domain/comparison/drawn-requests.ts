import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { numbersFrom } from './seeded-random.ts';

// Changing each of the thousands of numbers of a picture would make noise, not another picture.
const LARGEST_BYTES = 20_000;
// How far a number is moved: relative to itself, or absolutely if it is 0.
const MOVES = [0.02, 0.1, 0.5, 1, 3] as const;

/**
 * Requests like this one whose numbers have been moved, by a seed: the same ones each time. Empty for a request without numbers, and for a large one.
 * A healthy model answers them as the version before does, so they can show that a version is broken. Nobody sends such requests, so they never show that a version is right.
 */
export function drawnRequests(request: GoldenRequest, count: number): readonly GoldenRequest[] {
  const text = JSON.stringify(request.body) ?? '';
  if (text.length > LARGEST_BYTES) return [];
  const random = numbersFrom(text);
  const drawn: GoldenRequest[] = [];
  for (let index = 0; index < count; index += 1) {
    const by = MOVES[index % MOVES.length] ?? 1;
    const body = moved(request.body, (value) => {
      const step = (random() * 2 - 1) * by * (value === 0 ? 1 : Math.abs(value));
      return Number.isInteger(value) ? Math.round(value + step) : value + step;
    });
    if (JSON.stringify(body) !== text) drawn.push({ ...request, body });
  }
  return drawn;
}

/** The value with its numbers moved, except those that describe the others. */
function moved(value: unknown, move: (value: number) => number): unknown {
  if (typeof value === 'number') return move(value);
  if (Array.isArray(value)) return value.map((item) => moved(item, move));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      ['shape', 'parameters', 'params', 'index'].includes(key) ? item : moved(item, move),
    ]),
  );
}
