import { NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { optionAt, rankedOptions } from '#domain/placement/optimize.ts';
import { billedHours, replay } from '#domain/placement/replay.ts';

const HOUR = 3_600_000;
const WEEK = 168;
const question: Question = {
  demand: { requestsPerSecond: 5, peak: 10, p95Ms: null, coldStarts: 'allowed', hours: 730 },
  measured: {
    requestMs: 100,
    parallelPart: 0,
    memoryMiB: 600,
    imageBytes: 10 ** 9,
    startMs: 3000,
  },
  limits: NO_LIMITS,
  allowsSpot: false,
};
const spent = { sinceMs: 0, nowMs: WEEK * HOUR };
const hoursOf = (requests: (hour: number) => number) =>
  Array.from({ length: WEEK }, (_, hour) => ({
    atMs: hour * HOUR,
    requests: requests(hour),
    busiestMinute: requests(hour) / 30,
  })).filter((hour) => hour.requests > 0);

it('bills hours that are all alike as the demand that they make', () => {
  const options = rankedOptions(question);

  for (const replayed of replay(
    question,
    hoursOf(() => 18_000),
    spent,
  )) {
    const weighed = options.find(
      (each) => each.memoryMiB === replayed.memoryMiB && each.vcpus === replayed.vcpus,
    );
    expect(replayed.replayedUsd).toBeCloseTo(weighed?.usd ?? 0, 6);
    expect(replayed.replayedOwnUsd).toBeCloseTo(weighed?.ownUsd ?? 0, 6);
  }
});

it('bills the replicas that each hour needs, and one in hours without requests', () => {
  const busyAtNoon = hoursOf((hour) => (hour % 24 === 12 ? 18_000 * 24 : 0));

  const [fargate] = replay(question, busyAtNoon, spent).filter(
    ({ target, vcpus }) => target === 'fargate' && vcpus === 1,
  );

  // 120 requests a second of 100 ms: 20 replicas at 60 %, one hour in 24.
  const perReplicaHour = (2048 / 1024) * 0.004445 + 0.04048 + 0.005;
  const replicas = (20 + 23) / 24;
  expect(fargate?.replayedOwnUsd).toBeCloseTo(
    730 * (replicas * perReplicaHour + 0.0225 + (5 / 25) * 0.008),
    1,
  );
});

it('bills all hours by the tiers that they reach together, however the requests are spread', () => {
  const asked = { ...question, limits: { ...NO_LIMITS, leastReplicas: 0 } };
  const flat = replay(
    asked,
    hoursOf(() => 3_600_000),
    spent,
  );
  const once = replay(
    asked,
    hoursOf((hour) => (hour === 0 ? 3_600_000 * WEEK : 0)),
    spent,
  );
  const wayOf = ({ replayedUsd, replayedOwnUsd }: (typeof flat)[number]) =>
    replayedUsd - replayedOwnUsd;

  // 1,000 requests a second are 2,628 million a month. The rest of the way costs $0.69 a million.
  const wayUsd = 333 * 3.5 + 667 * 2.8 + 1628 * 2.38 + 2628 * 0.686667;
  expect(wayOf(flat[0]!)).toBeCloseTo(wayUsd, -1);
  expect(wayOf(once[0]!)).toBeCloseTo(wayOf(flat[0]!), 6);
});

it('bills some hours alone by the first tier, however busy they are: the rest of the month may be quiet', () => {
  const measured = { ...question.measured, requestMs: 1000, memoryMiB: 6144 };
  const asked = { ...question, measured };
  const size = { target: 'lambda', isSpot: false, memoryMiB: 6144, vcpus: 6144 / 1769 } as const;
  const busy = { atMs: 0, requests: 3_600_000, busiestMinute: 60_000 };

  const { ownUsd, usd } = billedHours(asked, optionAt(asked, size), [busy], 1);

  // 6 GB for a second, the call and its log; starts are a thousandth. A month of such hours has 15.8 billion GB-seconds.
  expect(ownUsd / (3.6e6 * (6 * 0.0000166667 + 0.2e-6 + 0.15e-6))).toBeCloseTo(1, 2);
  expect((usd - ownUsd) / 3.6).toBeCloseTo(3.5 + 0.686667, 4);
});

it('ranks the options by the bills of the hours', () => {
  const replayed = replay(
    question,
    hoursOf((hour) => (hour === 0 ? 60 : 0)),
    spent,
  );
  const fitting = replayed.filter(({ refusals }) => refusals.length === 0);

  expect(fitting[0]?.target).toBe('lambda');
  expect(fitting.map(({ replayedUsd }) => replayedUsd)).toEqual(
    fitting.map(({ replayedUsd }) => replayedUsd).toSorted((a, b) => a - b),
  );
});

it('takes an hour that has just begun for a whole one', () => {
  const begun = { sinceMs: 0, nowMs: HOUR / 2 };

  const [half] = replay(
    question,
    hoursOf((hour) => (hour === 0 ? 18_000 : 0)),
    begun,
  );
  const [whole] = replay(
    question,
    hoursOf((hour) => (hour === 0 ? 18_000 : 0)),
    {
      sinceMs: 0,
      nowMs: HOUR,
    },
  );

  expect(half?.replayedUsd).toBeCloseTo(whole?.replayedUsd ?? 0, 6);
});
