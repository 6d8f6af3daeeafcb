import {
  countRepair,
  nextRepairMs,
  repairNotice,
  repairsInARow,
} from '#domain/registry/repair-pace.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** After so many repairs, each asked for as soon as it may be. */
function rowOf(repairs: number) {
  let model = {};
  for (let n = 0; n < repairs; n += 1) {
    model = { repairs: countRepair(model, nextRepairMs(model)) };
  }
  return model;
}

const pausesOf = (most: number) =>
  Array.from({ length: most }, (_, n) => nextRepairMs(rowOf(n + 1)) - nextRepairMs(rowOf(n)));

describe('the next repair of a model', () => {
  it('may be at once when there was none', () => {
    expect(nextRepairMs({})).toBe(0);
  });

  it('waits twice as long after each of a row, and six hours at most', () => {
    expect(pausesOf(11).map((ms) => ms / MINUTE_MS)).toEqual([
      ...[1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360],
    ]);
  });
});

describe('a row of repairs', () => {
  it('goes on while the sweep comes every quarter of an hour', () => {
    expect(repairsInARow(rowOf(3), nextRepairMs(rowOf(3)) + 15 * MINUTE_MS)).toBe(3);
    expect(repairsInARow(rowOf(10), nextRepairMs(rowOf(10)) + 15 * MINUTE_MS)).toBe(10);
  });

  it('ends when the model needed none for an hour, or twice the pause that was due', () => {
    expect(repairsInARow({ repairs: { inARow: 3, lastAtMs: 0 } }, HOUR_MS + 1)).toBe(0);
    expect(repairsInARow({ repairs: { inARow: 10, lastAtMs: 0 } }, 12 * HOUR_MS)).toBe(10);
    expect(repairsInARow({ repairs: { inARow: 10, lastAtMs: 0 } }, 12 * HOUR_MS + 1)).toBe(0);
  });

  it('is told from the second on, with when the next may be', () => {
    expect(repairNotice({ inARow: 1, lastAtMs: 0 })).toBe('');
    expect(repairNotice({ inARow: 2, lastAtMs: 0 })).toBe(
      '; repair 2 in a row; the next not before 1970-01-01T00:02:00.000Z',
    );
  });
});
