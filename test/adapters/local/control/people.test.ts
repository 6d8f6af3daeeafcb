import { people } from '#adapters/local/control/people.ts';

const HOUR_MS = 3_600_000;

const ANN = { person: { subject: '1', name: 'ann', groups: ['ml'] }, idToken: 'a.b.c' };

function at(nowMs: number) {
  let now = nowMs;
  return {
    monotonicMs: () => now,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

it('a session is found by its secret alone, for eight hours', () => {
  const clock = at(1_000);
  const known = people(clock);
  const secret = known.begin(ANN);

  clock.advance(8 * HOUR_MS - 1);
  expect(known.find(secret)).toMatchObject({ ...ANN, untilMs: 1_000 + 8 * HOUR_MS });
  expect(known.find(`${secret}x`)).toBeUndefined();
  expect(known.find('')).toBeUndefined();

  clock.advance(1);
  expect(known.find(secret)).toBeUndefined();
});

it('what is streamed to somebody ends when they sign out, and with it nothing of others', () => {
  const known = people(at(0));
  const [mine, other] = [known.begin(ANN), known.begin(ANN)];
  const session = known.find(mine);

  known.end(mine);

  expect(session?.signal.aborted).toBe(true);
  expect(known.find(mine)).toBeUndefined();
  expect(known.find(other)?.signal.aborted).toBe(false);
});

it('ten thousand are kept, the newest', () => {
  const known = people(at(0));
  const first = known.begin(ANN);
  const second = known.begin(ANN);
  for (let n = 2; n <= 10_000; n += 1) known.begin(ANN);

  expect(known.find(first)).toBeUndefined();
  expect(known.find(second)).toBeDefined();
});
