import { captureVariable, dayOf, firstOf, slotOf } from '#domain/capture/plan.ts';
import {
  countsOf,
  dayOfLine,
  type SealedLine,
  sampled,
  sealedLine,
} from '#domain/capture/sealed-line.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-02-03T10:30:00Z');
const HOUR = Math.floor(NOW / HOUR_MS);

type Given = { server?: string; seen?: number; at?: number; rank?: number; most?: number };

function written({ server = '00000001', seen = 1, at, rank, most = 3 }: Given): string {
  const counts = { seen, kept: 0, full: 0, large: 0, private: 0, form: 0, failed: 0 };
  const hour = Math.floor((at ?? NOW) / HOUR_MS);
  const sealed = rank === undefined ? {} : { at, rank, enc: 'AAAA', sealed: 'AAAA' };
  const said = { slipwayKept: 1, revision: 'iris-v2', server, hour, most, days: 7, counts };
  return JSON.stringify({ ...said, ...sealed });
}

function line(given: Given): SealedLine {
  const found = sealedLine(written(given));
  if (!found) throw new Error('it is no sealed line');
  return found;
}

describe('the sample of an hour', () => {
  it('is the lowest ranks of all servers together, the newest first', () => {
    const one = [50, 10, 30].map((rank, at) => line({ rank, at: NOW + at }));
    const two = [20, 60].map((rank, at) => line({ rank, at: NOW + 10 + at, server: '00000002' }));

    const ranks = sampled([...one, ...two, ...one]).map(({ rank }) => rank);

    expect(ranks).toEqual([20, 30, 10]);
  });

  it('is of each hour by itself', () => {
    const lines = [1, 2, 3, 4].flatMap((rank) => [
      line({ rank, at: NOW }),
      line({ rank: rank + 10, at: NOW + HOUR_MS }),
    ]);

    expect(sampled(lines).map(({ rank }) => rank)).toEqual([11, 12, 13, 1, 2, 3]);
  });

  it('draws each request as often as any other, whichever server took it', () => {
    const SERVERS = 4;
    const MOST = 20;
    const REQUESTS = 400;
    const taken = Array.from({ length: SERVERS }, () => 0);
    let state = 7;
    const draw = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state;
    };
    for (let round = 0; round < 200; round += 1) {
      const lines: SealedLine[] = [];
      // The first server gets half of all requests; each keeps its own lowest ranks.
      for (let server = 0; server < SERVERS; server += 1) {
        const own = server === 0 ? REQUESTS / 2 : REQUESTS / 2 / (SERVERS - 1);
        const ranks = Array.from({ length: own }, draw)
          .sort((a, b) => a - b)
          .slice(0, MOST);
        lines.push(
          ...ranks.map((rank) => line({ rank, at: NOW, most: MOST, server: `0000000${server}` })),
        );
      }
      for (const each of sampled(lines)) {
        if (!('server' in each)) continue;
        taken[Number(each.server)] = (taken[Number(each.server)] ?? 0) + 1;
      }
    }
    const all = taken.reduce((sum, each) => sum + each, 0);

    expect(all).toBe(200 * MOST);
    expect((taken[0] ?? 0) / all).toBeGreaterThan(0.46);
    expect((taken[0] ?? 0) / all).toBeLessThan(0.54);
  });
});

describe('the counts of all servers', () => {
  it('are the last of each hour of each', () => {
    const lines = [
      line({ seen: 1 }),
      line({ seen: 9 }),
      line({ seen: 4 }),
      line({ seen: 5, server: '00000002' }),
      line({ seen: 100, at: NOW + HOUR_MS, rank: 1 }),
    ];

    expect(countsOf(lines).seen).toBe(9 + 5 + 100);
  });
});

describe('a line of a log', () => {
  it.each([
    'iris is ready',
    '{"slipwayKept":1,',
    '{"slipwayKept":1,"revision":"iris-v2"}',
    written({ rank: 2 ** 32, at: NOW }),
    written({ most: 1e9 }),
    written({}).replace('iris-v2', '../../etc'),
    `{"slipwayKept":1,${'x'.repeat(300_000)}`,
  ])('is no sealed one where a server would not write it so: %.60s', (text) => {
    expect(sealedLine(text)).toBeUndefined();
  });

  it('has the day of its request, where it is of this revision and of now', () => {
    const of = { revision: 'iris-v2', nowMs: NOW };

    expect(dayOfLine(written({ at: NOW, rank: 1 }), of)).toBe('2026-02-03');
    expect(dayOfLine(written({}), of)).toBe('2026-02-03');
    expect(dayOfLine(written({ at: NOW + 9 * HOUR_MS, rank: 1 }), of)).toBeUndefined();
    expect(
      dayOfLine(written({ at: NOW, rank: 1 }), { ...of, revision: 'iris-v3' }),
    ).toBeUndefined();
    expect(dayOfLine('ready', of)).toBeUndefined();
  });
});

describe('the days of what is kept', () => {
  it('are in UTC, begin so many before, and have the key of their day of a month', () => {
    expect(dayOf(NOW)).toBe('2026-02-03');
    expect(firstOf(7, '2026-02-03')).toBe('2026-01-28');
    expect(firstOf(1, '2026-02-03')).toBe('2026-02-03');
    expect(slotOf('2026-01-31')).toBe(31);
    expect(HOUR).toBe(Math.floor(NOW / HOUR_MS));
  });

  it('give an hour its part of the bytes', () => {
    const plan = { keys: 'AAAA', requestsPerHour: 100, megabytes: 168, days: 7, private: ['ssn'] };

    expect(JSON.parse(captureVariable(plan))).toEqual({
      keys: 'AAAA',
      requests: 100,
      bytes: 1_000_000,
      days: 7,
      private: ['ssn'],
    });
  });
});
