import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';

/** A pair for each of the rows, answered by `before` and `after`. */
export function answerPairs(
  before: (row: number) => unknown,
  after: (row: number) => unknown,
  rows: number,
): readonly AskedPair[] {
  return Array.from({ length: rows }, (_, row) => ({
    what: `example ${row + 1}`,
    isDrawn: false,
    request: { protocol: 'invocations', body: row },
    before: answer(before(row)),
    again: null,
    after: answer(after(row)),
  }));
}

function answer(body: unknown): GoldenAnswer {
  return { kind: 'answer', status: 200, body: JSON.stringify(body) };
}
