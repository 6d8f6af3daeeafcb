import type { Demand, Measured, PlacedOption, Question } from './demand.ts';
import { cheapest } from './optimize.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

/** A way to spend less: what to change, and the monthly bill (USD) after it, beside today's. */
export type Way = { readonly what: string; readonly usd: number; readonly percent: number };

const MOST_WAYS = 3;
const ROWS_TOGETHER = 8;
// Less than this share of a bill is not worth a change.
const LEAST_SHARE = 0.01;

/** The three cheapest ways to spend less than the choice, the cheapest first, each weighed as the choice was; empty where nothing fits or nothing helps. Each is for itself: two of them together may save less than the sum. */
export function waysToSpendLess(question: Question): readonly Way[] {
  const choice = cheapest(question);
  if (!choice) return [];
  return changes(question)
    .flatMap(({ what, asked }) => {
      const option = cheapest(asked);
      if (!option || option.usd > choice.usd * (1 - LEAST_SHARE)) return [];
      const percent = Math.round((option.usd / choice.usd - 1) * 100);
      return [{ what: `${what}: ${nameOf(option)}`, usd: option.usd, percent }];
    })
    .toSorted((one, other) => one.usd - other.usd)
    .slice(0, MOST_WAYS);
}

type Change = { readonly what: string; readonly asked: Question };

/** The questions that one could have asked instead. */
export function changes(question: Question): readonly Change[] {
  const { demand, measured, limits, allowsSpot } = question;
  const { p95Ms, coldStarts } = demand;
  const asking = (more: Partial<Demand>): Question => ({
    ...question,
    demand: { ...demand, ...more },
  });
  return [
    ...(allowsSpot
      ? []
      : [{ what: 'allow Spot (scaling.spot)', asked: { ...question, allowsSpot: true } }]),
    ...(coldStarts === 'none'
      ? [
          {
            what: 'let requests wait for starts (traffic.coldStarts: allowed)',
            asked: asking({ coldStarts: 'allowed' }),
          },
        ]
      : []),
    ...(p95Ms === null
      ? []
      : [
          {
            what: `allow twice the time (traffic.p95Ms: ${p95Ms * 2})`,
            asked: asking({ p95Ms: p95Ms * 2 }),
          },
        ]),
    ...(limits.leastReplicas > 1
      ? [
          {
            what: 'keep one replica in quiet hours (scaling.min: 1)',
            asked: { ...question, limits: { ...limits, leastReplicas: 1 } },
          },
        ]
      : []),
    ...together(question, measured),
    ...inEightBits(question, measured),
    ...unlogged(question),
  ];
}

/** No entry for each request: API Gateway logs all of them or none. */
function unlogged(question: Question): readonly Change[] {
  const { prices = SHIPPED_PRICES } = question;
  if (prices.accessLog === 'off') return [];
  const asked: Question = { ...question, prices: { ...prices, accessLog: 'off' } };
  const what =
    'log no requests (slipway deploy --param accessLog=off), so nobody sees who called what';
  return [{ what, asked }];
}

/** As many rows in fewer requests, where the build has measured the time of a row. */
function together(question: Question, measured: Measured): readonly Change[] {
  const { rowMs, requestMs } = measured;
  if (rowMs === undefined || rowMs >= requestMs) return [];
  const { demand } = question;
  const { requestsPerSecond, peak } = demand;
  const fewer = {
    requestsPerSecond: requestsPerSecond / ROWS_TOGETHER,
    peak: peak / ROWS_TOGETHER,
  };
  const longer = { requestMs: requestMs + (ROWS_TOGETHER - 1) * rowMs };
  return [
    {
      what: `send ${ROWS_TOGETHER} rows in a request`,
      asked: {
        ...question,
        demand: { ...demand, ...fewer },
        measured: { ...measured, ...longer },
      },
    },
  ];
}

/** Less memory for the weights. The time of a request stays, though fewer bytes are often read sooner. */
function inEightBits(question: Question, measured: Measured): readonly Change[] {
  const { lighter, several, memoryMiB } = measured;
  if (!lighter) return [];
  const { what, savedMiB } = lighter;
  const less = {
    memoryMiB: memoryMiB - savedMiB,
    ...(several && { several: { ...several, memoryMiB: several.memoryMiB - savedMiB } }),
  };
  return [{ what, asked: { ...question, measured: { ...measured, ...less } } }];
}

/** An option in a few words: "lambda with 1769 MiB", "3 tasks of 1 vCPU on fargate (Spot)", "2 × c6a.large on ec2". */
export function nameOf({
  target,
  isSpot,
  memoryMiB,
  vcpus,
  replicas,
  instanceTypes = [],
}: Pick<
  PlacedOption,
  'target' | 'isSpot' | 'memoryMiB' | 'vcpus' | 'replicas' | 'instanceTypes'
>): string {
  if (target === 'lambda') return `lambda with ${memoryMiB} MiB`;
  if (target === 'ec2') return `${replicas} × ${instanceTypes[0]} on ec2${isSpot ? ' (Spot)' : ''}`;
  const tasks = replicas === 1 ? '1 task' : `${replicas} tasks`;
  return `${tasks} of ${vcpus} vCPU and ${memoryMiB} MiB on fargate${isSpot ? ' (Spot)' : ''}`;
}
