import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { ofType, type Template } from './template.ts';

type Item = {
  readonly item: string;
  readonly how: string;
  /** USD a month, in an account whose free allowance is used up by others. */
  readonly usd: number;
  readonly free: string;
};

const HOURS = 730;
const { alarmPerMonth, dashboardPerMonth, lambdaArmGBSecond, lambdaRequest, logGBIn } = prices;

// What a sweep of an empty stack is taken to need; a real one is told in its log.
const SWEEP = { seconds: 1, tableReads: 4, bucketLists: 1, logBytes: 2000 };

/** What a stack without models costs by being there. */
export function idleCost(template: Template): readonly Item[] {
  const count = (type: string) => ofType(template, type).length;
  const sweeps = HOURS * sweepsPerHour(template);
  const memoryGB = template.Resources['SweepLambdaFunction']!.Properties.MemorySize / 1024;
  const alarms = count('AWS::CloudWatch::Alarm');
  const dashboards = count('AWS::CloudWatch::Dashboard');
  return [
    {
      item: 'Alarms',
      how: `${alarms} × $${alarmPerMonth.usd.toFixed(2)}`,
      usd: alarms * alarmPerMonth.usd,
      free: `the account's first ${alarmPerMonth.free}`,
    },
    {
      item: 'Dashboard',
      how: `${dashboards} × $${dashboardPerMonth.usd.toFixed(2)}`,
      usd: dashboards * dashboardPerMonth.usd,
      free: `the account's first ${dashboardPerMonth.free}`,
    },
    {
      item: 'Sweep, every 15 minutes',
      how: `${thousands(sweeps)} runs of ${SWEEP.seconds} s with ${memoryGB} GB`,
      usd: sweeps * (lambdaRequest.usd + SWEEP.seconds * memoryGB * lambdaArmGBSecond.usd),
      free: `${thousands(lambdaArmGBSecond.free)} GB-seconds`,
    },
    {
      item: 'What it reads and logs',
      how: `${SWEEP.bucketLists} list, ${SWEEP.tableReads} reads, ${SWEEP.logBytes / 1000} kB each`,
      usd:
        sweeps *
        (SWEEP.bucketLists * prices.s3Request.usd +
          SWEEP.tableReads * prices.tableRead.usd +
          (SWEEP.logBytes / 1e9) * logGBIn.usd),
      free: 'none for the lists',
    },
  ];
}

/** The table in the README. */
export function costTable(items: readonly Item[]): string {
  const total = items.reduce((sum, { usd }) => sum + usd, 0);
  return [
    '| idle, a month | | USD | free |',
    '|---|---|---|---|',
    ...items.map(({ item, how, usd, free }) => `| ${item} | ${how} | ${cents(usd)} | ${free} |`),
    `| **Together** | | **${cents(total)}** | |`,
  ].join('\n');
}

function sweepsPerHour({ Resources }: Template): number {
  const rate = Resources['SweepSchedule']!.Properties.ScheduleExpression;
  return 60 / Number(/^rate\((\d+) minutes\)$/.exec(rate)![1]);
}

function cents(usd: number): string {
  return usd.toFixed(2);
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}
