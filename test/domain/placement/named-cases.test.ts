import {
  type Demand,
  FIRST_GUESS,
  type Measured,
  NO_LIMITS,
  type Question,
} from '#domain/placement/demand.ts';
import { cheapest } from '#domain/placement/optimize.ts';

const DAY = { ...FIRST_GUESS, hours: 730 } satisfies Demand;
const at = (requestsPerSecond: number, peak: number, more: Partial<Demand> = {}): Demand => ({
  ...DAY,
  requestsPerSecond,
  peak,
  ...more,
});
const MODEL: Measured = {
  requestMs: 100,
  parallelPart: 0,
  memoryMiB: 600,
  imageBytes: 10 ** 9,
  startMs: 3000,
};
const GIB = 1024 ** 3;

type Case = {
  readonly name: string;
  readonly why: string;
  readonly demand: Demand;
  readonly model?: Partial<Measured>;
  readonly more?: Partial<Question>;
  /** The choice as the target, its memory (MiB), vCPUs or type, and its replicas; undefined where nothing keeps the limits. */
  readonly choice: string | undefined;
};

// Each is worked out by hand from the prices of us-east-1: a task of 1 vCPU and 2 GB with its address costs $39.69 a month, the load balancer $16.43, and a second of Lambda at 1,769 MiB $0.0000288. A million requests take $0.15 of Lambda's log, or $0.089 of the load balancer's units.
const CASES: readonly Case[] = [
  {
    name: 'the first guess',
    why: '626,400 requests of 100 ms cost $2.10; the cheapest task costs $56 with its load balancer',
    demand: FIRST_GUESS,
    choice: 'lambda 1769',
  },
  {
    name: 'a model that nobody calls',
    why: 'an idle function costs nothing',
    demand: at(0, 0, { hours: 0 }),
    choice: 'lambda 1769',
  },
  {
    name: 'a report once a night',
    why: 'a request a day cannot pay for a task of 730 hours',
    demand: at(0.1, 0.2, { hours: 30 }),
    choice: 'lambda 1769',
  },
  {
    name: 'a steady five requests a second',
    why: '13.1 million requests cost $43 on Lambda; one task, two at the peak, costs $57 with its load balancer',
    demand: at(5, 7),
    choice: 'lambda 1769',
  },
  {
    name: 'a busy service, all day',
    why: '$513 on Lambda, and ten tasks with the load balancer $427',
    demand: at(60, 60),
    choice: 'fargate 1 x10',
  },
  {
    name: 'the same requests in an hour a day',
    why: 'a twenty-fourth of the bill on Lambda, while one task stays for the other hours',
    demand: at(60, 60, { hours: 30 }),
    choice: 'lambda 1769',
  },
  {
    name: 'a short request, very often',
    why: '1.3 billion requests cost $460 on Lambda before they compute; five tasks cost $332',
    demand: at(500, 500),
    model: { requestMs: 5 },
    choice: 'fargate 1 x5',
  },
  {
    name: 'no request may wait for a start',
    why: 'Lambda starts with a request; one task is the least',
    demand: at(0.1, 0.2, { coldStarts: 'none' }),
    choice: 'fargate 1 x1',
  },
  {
    name: 'a rare request with a limit on its time',
    why: 'more than one in twenty waits 3 s for a start, so only a task answers in 200 ms; a quarter of a vCPU would take 400',
    demand: at(0.001, 0.002, { p95Ms: 200 }),
    choice: 'fargate 0.5 x1',
  },
  {
    name: 'a limit that half a vCPU would keep on Lambda',
    why: 'half the memory computes for twice as long, for the same price: of equals the fastest is taken',
    demand: at(2, 4, { p95Ms: 200 }),
    choice: 'lambda 1769',
  },
  {
    name: 'a limit that only many vCPUs keep',
    why: '400 ms on one vCPU, all of it shared, are 100 ms on four: 7,076 MiB',
    demand: at(1, 2, { p95Ms: 100 }),
    model: { requestMs: 400, parallelPart: 1 },
    choice: 'lambda 7076',
  },
  {
    name: 'a limit that nothing keeps',
    why: 'one thread takes 400 ms however many vCPUs there are',
    demand: at(1, 2, { p95Ms: 100 }),
    model: { requestMs: 400 },
    choice: undefined,
  },
  {
    name: 'a model of 20 GB of memory',
    why: 'a function has 10 GB at most',
    demand: at(1, 2),
    model: { memoryMiB: 20_000 },
    choice: 'fargate 4 x1',
  },
  {
    name: 'an image of 11 GB',
    why: 'an image on Lambda has 10 GB at most',
    demand: at(1, 2),
    model: { imageBytes: 11 * GIB },
    choice: 'fargate 1 x1',
  },
  {
    name: 'a start of a minute',
    why: 'a request has 29 s, and more vCPUs make no start faster',
    demand: at(1, 2),
    model: { startMs: 60_000 },
    choice: 'fargate 1 x1',
  },
  {
    name: 'a new account with ten executions',
    why: 'a peak of 150 a second needs 15 at once',
    demand: at(1, 150),
    more: { limits: { ...NO_LIMITS, lambdaConcurrency: 10 } },
    choice: 'fargate 1 x25',
  },
  {
    name: 'a new account with six vCPUs of Fargate',
    why: '60 a second of 100 ms need ten tasks of one vCPU',
    demand: at(60, 60),
    more: { limits: { ...NO_LIMITS, fargateVcpus: 6 } },
    choice: 'lambda 1769',
  },
  {
    name: 'Spot for a busy service',
    why: 'nine of ten tasks for half of the price',
    demand: at(60, 60),
    more: { allowsSpot: true },
    choice: 'fargate 1 x10 Spot',
  },
  {
    name: 'a cap below the bill',
    why: 'neither $513 nor $427 is below $100',
    demand: at(60, 60),
    more: { limits: { ...NO_LIMITS, maxMonthlyUsd: 100 } },
    choice: undefined,
  },
  {
    name: 'a manifest that rules Lambda out',
    why: 'what is refused is not taken, whatever it costs',
    demand: FIRST_GUESS,
    more: { refused: { lambda: 'placement.allow does not include it' } },
    choice: 'fargate 1 x1',
  },
  {
    name: 'a model of 14,000 MiB, more than a function holds',
    why: 'an r6a.large of 16 GiB with its fee, volume and address costs $103 a month, and a task of 2 vCPU and 14 GB $108',
    demand: at(1, 1),
    model: { memoryMiB: 14_000 },
    choice: 'ec2 r6a.large x1',
  },
  {
    name: 'a model of 130,000 MiB, more than a task on Fargate holds',
    why: 'the host keeps a tenth, so 128 GiB are too few, and an r6a.8xlarge with 256 costs less than an m6a.16xlarge',
    demand: at(1, 1),
    model: { memoryMiB: 130_000 },
    choice: 'ec2 r6a.8xlarge x1',
  },
];

it('there are twenty-two cases, each with a name of its own', () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(22);
});

it.each(CASES)('$name: $choice, since $why', ({ demand, model, more, choice }) => {
  const question: Question = {
    demand,
    measured: { ...MODEL, ...model },
    limits: NO_LIMITS,
    allowsSpot: false,
    ...more,
  };

  const best = cheapest(question);

  expect(best && words(best)).toBe(choice);
});

function words({
  target,
  memoryMiB,
  vcpus,
  replicas,
  isSpot,
  instanceTypes = [],
}: NonNullable<ReturnType<typeof cheapest>>): string {
  if (target === 'lambda') return `lambda ${memoryMiB}`;
  if (target === 'ec2') return `ec2 ${instanceTypes[0]} x${replicas}`;
  return `fargate ${vcpus} x${replicas}${isSpot ? ' Spot' : ''}`;
}
