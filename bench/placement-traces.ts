// Thirty days of ten demands: `node bench/placement-traces.ts [DEMANDS]`, all ten by default. The workflow's own steps choose a target, look again, move and meter, in virtual time; the simulator of AWS's bill, which shares no code with them, says what that costs.
// Prints the bill of each demand beside the offline optimum, the best fixed choice and Lambda first, and how far a month passes its cap. Ends with 1 if one of the bench's limits is not kept.
import { argv, exit } from 'node:process';
import type { CalledHour } from '#domain/placement/learnt.ts';
import type { MoveRequest } from '#domain/workflow.ts';
import type { Ceilings } from '#ports/ceilings.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import { meterLive } from '#steps/meter-live.ts';
import { weighLive } from '#steps/weigh-live.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../test/support/worlds/memory.ts';
import { type Config, everyConfig, hourlyBill, type SimModel } from './placement/bill.ts';
import { type Trace, type TraceHour, tracesFor } from './placement/traces.ts';

const HOUR_MS = 3_600_000;
// A single thread with 6 GB pays a function for CPUs that it does not use, so much depends on the target.
const SUBJECT: SimModel = {
  ...{ cpuSeconds: 0.3, shared: 0, memoryMiB: 6144 },
  ...{ imageBytes: 250_000_000, startSeconds: 3 },
};
const MEMORY = 'resources: { memory: 6Gi }\nscaling: { max: 50 }';
const MOST_TASKS = 50;
// The rate that one task answers: 60 % of it may be busy.
const FULL = 0.6 / SUBJECT.cpuSeconds;
// The dearest deployment; besides, both versions run for an hour.
const MOVE_USD = 0.1;
const LOOK_HOURS = 12;
const DAY_HOURS = 24;
const WEEK_HOURS = 168;
// A move saves at least so much.
const LEAST_SHARE = 0.1;
const LEAST_MONTHLY_USD = 5;
const SLOTS_AN_HOUR = 4;
const SLOT_MS = HOUR_MS / SLOTS_AN_HOUR;

const configs = everySize();
const [lambdaFirst, oneTask] = configs;
if (!lambdaFirst || !oneTask) throw new Error('the subject fits nowhere');

/** The least function, and each size of a task. */
function everySize(): readonly Config[] {
  const quiet = { rate: 0.01, peak: 0.01, hours: 730, p95Seconds: null, mayStart: true };
  const limits = { executions: null, vcpus: null, cores: null, tasks: null };
  const other = { isSpotAllowed: false, hasInstances: true };
  const all = [...everyConfig(SUBJECT, { ...quiet, ...limits, ...other })];
  const sizes = new Map(
    all.flatMap((each) =>
      each.on === 'fargate' && each.vcpus >= 1
        ? [[each.vcpus, { ...each, tasks: MOST_TASKS }] as const]
        : [],
    ),
  );
  return [...all.slice(0, 1), ...sizes.values(), ...instancesOf(all)];
}

/** The cheapest type of each number of vCPUs, the smallest first. */
function instancesOf(all: readonly Config[]): readonly Config[] {
  const types = all.flatMap((each) => (each.on === 'ec2' ? [{ ...each, tasks: MOST_TASKS }] : []));
  const idle = (config: Config) => hourlyBill(SUBJECT, { requests: 0, busiestMinute: 0 }, config);
  const cheapest = types.toSorted((one, other) => idle(one) - idle(other));
  return [...new Map(cheapest.toReversed().map((each) => [each.cores, each])).values()];
}

/** A world with the subject in it, at the beginning of a month. */
async function worldOf(manifest: string): Promise<MemoryWorld> {
  const world = memoryWorld({ engine: 'image' });
  world.builds.measure(SUBJECT.cpuSeconds * 1000);
  const now = new Date(world.clock.now());
  const monthMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 2, 1);
  world.clock.advance(monthMs - HOUR_MS - world.clock.now());
  await world.deploy(world.upload({ manifest }));
  world.clock.advance(monthMs - world.clock.now());
  return world;
}

async function configOf({ registry }: MemoryWorld): Promise<Config> {
  const { live } = (await registry.model(MODEL)) ?? {};
  const { work } = (await registry.deployment(live?.deploymentId ?? '')) ?? {};
  const { target, memoryMiB = 0, cpuUnits = 0 } = work?.decision ?? {};
  if (target === 'lambda') return { on: 'lambda', mib: memoryMiB };
  if (target === 'ec2') throw new Error('the subject is never cheaper on an instance');
  const size = { vcpus: cpuUnits / 1024, gb: memoryMiB / 1024 };
  return { on: 'fargate', ...size, tasks: MOST_TASKS, isSpot: false };
}

type Run = {
  readonly usd: number;
  /** The hours of its moves. */
  readonly moves: readonly number[];
  /** The hours in containers. */
  readonly inTasks: number;
};

/** The thirty days of a model that moves by itself. */
async function moved({ hours }: Trace): Promise<Run> {
  const world = await worldOf(`placement: { move: auto }\n${MEMORY}`);
  const beganMs = world.clock.now();
  const demand: DemandHistory = {
    hours: async (_, sinceMs) =>
      counts.filter(({ atMs, requests }) => atMs >= sinceMs && requests > 0),
  };
  const look = weighLive({ ...world.deps, demand, executions: world.executions });
  const counts: CalledHour[] = [];
  let config = await configOf(world);
  let [usd, inTasks] = [0, 0];
  const moves: number[] = [];
  for (const [index, hour] of hours.entries()) {
    usd += hourlyBill(SUBJECT, hour, config);
    const isInTasks = config.on !== 'lambda';
    inTasks += isInTasks ? 1 : 0;
    counts.push({ ...hour, atMs: beganMs + index * HOUR_MS });
    // A move has taken some minutes of the next hour.
    world.clock.advance(Math.max(0, beganMs + (index + 1) * HOUR_MS - world.clock.now()));
    if ((index + 1) % LOOK_HOURS !== 0) continue;
    const before = world.executions.started.length;
    await look();
    for (const { input } of world.executions.started.slice(before)) {
      await world.deploy(input as MoveRequest);
      config = await configOf(world);
      usd += MOVE_USD + hourlyBill(SUBJECT, hour, config);
      moves.push(index);
    }
  }
  return { usd, moves, inTasks };
}

/** The cheapest way through the hours for one who knows them all, and places the model anew every so many hours, for nothing. */
function offline(bills: readonly (readonly number[])[], every: number): number {
  const starts = bills.flatMap((_, hour) => (hour % every === 0 ? [hour] : []));
  const part = (from: number, config: number) =>
    bills.slice(from, from + every).reduce((sum, bill) => sum + (bill[config] ?? 0), 0);
  return starts
    .map((from) => Math.min(...configs.map((_, config) => part(from, config))))
    .reduce((sum, usd) => sum + usd, 0);
}

/**
 * The cheapest way through the hours for one who knows them all, and moves by the rules of the look: once at each look, at the price of a move, and for a stay that saves a tenth and $5 a month against staying where it was.
 * The first placement is free, since it knows that one too.
 */
function offlineByRules(bills: readonly (readonly number[])[]): number {
  const looks = bills.length / LOOK_HOURS;
  const sums = configs.map((_, config) => {
    const upTo = [0];
    for (const hour of bills) upTo.push((upTo.at(-1) ?? 0) + (hour[config] ?? 0));
    return (from: number, to: number) =>
      (upTo[to * LOOK_HOURS] ?? 0) - (upTo[from * LOOK_HOURS] ?? 0);
  });
  const sum = (config: number, from: number, to: number) => sums[config]?.(from, to) ?? 0;
  // The cheapest way that ends a stay at a look, by the configuration of that stay.
  const ways: number[][] = [configs.map(() => 0)];
  for (let to = 1; to <= looks; to += 1) {
    ways.push(
      configs.map((_, config) => {
        let best = sum(config, 0, to);
        for (let from = 1; from < to; from += 1) {
          const stay = sum(config, from, to);
          for (const [other, before] of (ways[from] ?? []).entries()) {
            const kept = sum(other, from, to);
            const least = Math.max(
              kept * LEAST_SHARE,
              (LEAST_MONTHLY_USD * (to - from) * LOOK_HOURS) / 730,
            );
            if (other === config || kept - stay < least) continue;
            const both = bills[from * LOOK_HOURS]?.[config] ?? 0;
            best = Math.min(best, before + MOVE_USD + both + stay);
          }
        }
        return best;
      }),
    );
  }
  return Math.min(...(ways[looks] ?? []));
}

function mostInADay(moves: readonly number[]): number {
  const inADay = (from: number) => moves.filter((at) => at >= from && at < from + 24).length;
  return Math.max(0, ...moves.map(inADay));
}

function totalOf({ hours }: Trace, config: Config): number {
  return hours.reduce((sum, hour) => sum + hourlyBill(SUBJECT, hour, config), 0);
}

type Judged = { readonly line: string; readonly isKept: boolean };

async function judged(trace: Trace, first: Config): Promise<Judged> {
  const { usd, moves, inTasks } = await moved(trace);
  const { name, hours } = trace;
  const bills = hours.map((hour) => configs.map((config) => hourlyBill(SUBJECT, hour, config)));
  const best = Math.min(...configs.map((config) => totalOf(trace, config)));
  const times = {
    weekly: usd / offline(bills, WEEK_HOURS),
    daily: usd / offline(bills, DAY_HOURS),
    rules: usd / offlineByRules(bills),
    fixed: usd / best,
    lambda: usd / totalOf(trace, first),
  };
  const requests = hours.reduce((sum, hour) => sum + hour.requests, 0);
  // The vCPUs that are busy on average.
  const busy = (requests / hours.length / 3600) * SUBJECT.cpuSeconds;
  const isCheaper = busy <= 0.5 || times.lambda <= 0.8;
  const inADay = mostInADay(moves);
  const isKept = times.weekly <= 1.1 && times.fixed <= 1.05 && inADay <= 2 && isCheaper;
  const cells = [
    ...[name, `$${usd.toFixed(2)}`],
    ...Object.values(times).map((each) => each.toFixed(2)),
    ...[`${moves.length} (${inADay})`, `${((inTasks / hours.length) * 100).toFixed(0)} %`],
  ];
  return { line: `| ${cells.join(' | ')} |${isKept ? '' : ' not kept'}`, isKept };
}

/** The month of a function whose cap is half of what it would cost, and which gets fewer executions for that. */
async function capped(trace: Trace, config: Config): Promise<Judged> {
  const { name, hours } = trace;
  const world = await worldOf(`placement: { target: lambda, overspent: fewer }\n${MEMORY}`);
  const cap = totalOf(trace, config) / 2;
  let most: number | null = null;
  const ceilings: Ceilings = {
    async set(_, ceiling) {
      most = ceiling.most;
    },
  };
  const caps = { maxMonthlyUsd: cap };
  const meter = meterLive({ ...world.deps, caps, ceilings, isSpent: true });
  let [usd, asked, answered] = [0, 0, 0];
  for (const hour of hours) {
    for (const wanted of slotsOf(hour)) {
      const room = most === null ? wanted : Math.floor((most * 900) / SUBJECT.cpuSeconds);
      const requests = Math.min(wanted, room);
      asked += wanted;
      answered += requests;
      // An hour of such quarters costs four times as much.
      const alike = { requests: requests * SLOTS_AN_HOUR, busiestMinute: hour.busiestMinute };
      usd += hourlyBill(SUBJECT, alike, config) / SLOTS_AN_HOUR;
      countIn(world, requests);
      world.clock.advance(SLOT_MS - (world.clock.now() % SLOT_MS));
      await meter();
    }
  }
  const isKept = usd <= cap * 1.02;
  const share = (answered / Math.max(1, asked)) * 100;
  const cells = [name, `$${cap.toFixed(2)}`, `$${usd.toFixed(2)}`, (usd / cap).toFixed(3)];
  const line = `| ${[...cells, `${share.toFixed(0)} %`].join(' | ')} |`;
  return { line: line + (isKept ? '' : ' not kept'), isKept };
}

/** The requests of the quarters of an hour: those of a burst come first. */
function slotsOf({ requests, busiestMinute }: TraceHour): readonly number[] {
  const most = Math.max(requests / SLOTS_AN_HOUR, busiestMinute * 15);
  return Array.from({ length: SLOTS_AN_HOUR }, (_, slot) =>
    Math.round(Math.min(most, Math.max(0, requests - slot * most))),
  );
}

/** The requests of a quarter of an hour, one part in each of its minutes. */
function countIn({ demand, clock }: MemoryWorld, requests: number): void {
  for (let minute = 0; minute < 15; minute += 1) {
    const part = Math.round((requests * (minute + 1)) / 15) - Math.round((requests * minute) / 15);
    if (part > 0) demand.call(MODEL, clock.now() + minute * 60_000, part);
  }
}

/** Prints the rows of a table, and answers whether each is kept. */
async function table(rows: readonly string[], of: (trace: Trace) => Promise<Judged>) {
  for (const row of rows) console.log(row);
  let isKept = true;
  for (const trace of traces) {
    const { line, isKept: each } = await of(trace);
    console.log(line);
    isKept &&= each;
  }
  return isKept;
}

const perRequest = hourlyBill(SUBJECT, { requests: 3600, busiestMinute: 60 }, lambdaFirst) / 3600;
const idle = hourlyBill(SUBJECT, { requests: 0, busiestMinute: 0 }, oneTask);
const breakEven = idle / perRequest / 3600;
const traces = tracesFor(breakEven, FULL).slice(0, Number(argv[2] ?? Number.POSITIVE_INFINITY));
console.log(
  `One task costs as much as the function at ${breakEven.toFixed(2)} requests a second, and is full at ${FULL.toFixed(2)}.\n`,
);
const isPlaced = await table(
  [
    '| demand | bill | × optimum, weekly (1.10) | × optimum, daily | × optimum by the rules | × best fixed (1.05) | × Lambda first | moves (in a day: 2) | in containers |',
    '|---|---|---|---|---|---|---|---|---|',
  ],
  (trace) => judged(trace, lambdaFirst),
);
console.log('');
const isWithin = await table(
  ['| demand | cap | bill | × cap (1.02) | answered |', '|---|---|---|---|---|'],
  (trace) => capped(trace, lambdaFirst),
);
exit(isPlaced && isWithin ? 0 : 1);
