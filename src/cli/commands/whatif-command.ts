import { type Command, Option } from 'commander';
import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { MOST_MS, MOST_PER_SECOND } from '#domain/manifest/traffic.ts';
import { type Demand, demandOf } from '#domain/placement/demand.ts';
import type { Learnt } from '#domain/placement/learnt.ts';
import { HOURS_A_MONTH } from '#domain/placement/spending.ts';
import {
  amountUpTo,
  examples,
  integerUpTo,
  openSlipway,
  type Place,
  placedCommand,
  show,
} from '../command.ts';
import { givenText } from '../given-text.ts';
import type { ToReplay } from '../views/whatif.ts';

type Options = Place & {
  rps?: number;
  peak?: number;
  p95?: number;
  hours?: number;
  ms?: number;
  coldStarts?: Demand['coldStarts'];
  spot?: boolean;
  replay?: string | true;
};

/** Adds the command that weighs the targets for a demand that one names. */
export function addWhatifCommand(program: Command): void {
  placedCommand(
    program,
    'whatif <model>',
    'Shows what the live version would cost on Lambda, Fargate and EC2 for the given traffic, and which is cheapest within the limits that it was placed with.',
  )
    .option(
      '--rps <n>',
      'requests a second, on average over the hours in which it is called (default: the traffic of model.yaml, else what it got in the last two weeks)',
      amountUpTo(MOST_PER_SECOND),
    )
    .option(
      '--peak <n>',
      'requests a second in the busiest minute (default: twice --rps)',
      amountUpTo(MOST_PER_SECOND),
    )
    .option(
      '--p95 <ms>',
      'how many milliseconds 95 % of the requests may take at most',
      integerUpTo(MOST_MS),
    )
    .option(
      '--hours <n>',
      `hours of a month in which it is called (default: ${HOURS_A_MONTH}, which is always)`,
      amountUpTo(HOURS_A_MONTH),
    )
    .option(
      '--ms <n>',
      'how long a request takes on one vCPU, in milliseconds (default: as the build measured it, else as long as the one that proved it)',
      amountUpTo(MOST_MS),
    )
    .addOption(
      new Option(
        '--cold-starts <rule>',
        'whether a request may wait for a start (default: allowed)',
      ).choices(['allowed', 'none']),
    )
    .option('--spot', 'allow Spot capacity, beside one replica on demand, whatever model.yaml says')
    .option(
      '--replay [file]',
      'bill the requests of the last two weeks on every option, hour by hour; or those of a request log (requests.ndjson, or the access log of an API as JSON lines)',
    )
    .addHelpText(
      'after',
      examples(
        'slipway whatif digits --rps 50 --p95 200',
        'slipway whatif digits --rps 2 --hours 176 --cold-starts none',
        'slipway whatif digits --replay',
      ),
    )
    .action(async (model: string, options: Options) => {
      const { ms, spot = false } = options;
      const demand = askedDemand(model, options);
      const { replay } = options;
      const logged = typeof replay === 'string' ? await hoursOfLog(model, replay) : undefined;
      const slipway = await openSlipway(options);
      const explained = await slipway.explainVersion({ name: model });
      const replayed = replay === true ? await countedHours(slipway, model) : logged;
      const isKnown = demand ?? explained.weighing ?? explained.traffic;
      const got = isKnown ? undefined : await gotBy(slipway, model);
      const rule = { requestMs: ms, allowsSpot: spot, hours: replayed, got };
      const { whatIf, whatIfLines } = await import('../views/whatif.ts');
      const found = whatIf(explained, demand, rule);
      show(options, found, whatIfLines(found));
    });
}

/** The demand that the live version had in the last two weeks. */
async function gotBy(slipway: Slipway, name: string): Promise<Learnt | undefined> {
  const { learntDemand } = await import('#domain/placement/learnt.ts');
  const { hours, sinceMs, nowMs } = await slipway.readDemand({ name });
  return learntDemand(hours, { liveAtMs: sinceMs, nowMs });
}

/** The demand that the options name; undefined without a rate, of which all of them are parts. */
function askedDemand(
  model: string,
  { rps, peak, p95, hours, coldStarts }: Options,
): Demand | undefined {
  if (rps === undefined) {
    if ([peak, p95, hours, coldStarts].every((part) => part === undefined)) return undefined;
    throw new Failure(
      'InputInvalid',
      '--peak, --p95, --hours and --cold-starts belong to a demand, and no --rps names one',
      { fix: `Give --rps too: \`slipway whatif ${model} --rps 50 --p95 200\`.` },
    );
  }
  if (peak !== undefined && peak < rps) {
    throw new Failure('InputInvalid', `--peak is ${peak}; it must be at least --rps, ${rps}`, {
      fix: 'Leave --peak out: it is twice --rps then.',
    });
  }
  return demandOf({
    requestsPerSecond: rps,
    peak,
    p95Ms: p95,
    coldStarts: coldStarts ?? 'allowed',
    hours: hours ?? HOURS_A_MONTH,
  });
}

async function countedHours(slipway: Slipway, model: string): Promise<ToReplay> {
  const found = await slipway.readDemand({ name: model });
  if (found.hours.length > 0) return { ...found, otherLines: 0 };
  throw noRequests(model, 'in the last two weeks');
}

async function hoursOfLog(model: string, path: string): Promise<ToReplay> {
  const { loggedHours, lookAtLog } = await import('#domain/placement/logged-hours.ts');
  const lines = (await givenText(path)).split('\n');
  const { entries, others, models } = lookAtLog(lines);
  if (entries === 0) {
    throw new Failure('InputInvalid', `${path} has no entry of a request log`, {
      fix: 'Give the requests.ndjson of one machine (`slipway start --request-log`), or the access log of an account: one JSON object in a line, with its `time` and `model` or `path`.',
    });
  }
  const found = loggedHours(lines, model);
  if (found) return { ...found, otherLines: others };
  const named = models.slice(0, MOST_NAMED).join(', ');
  const rest = models.length > MOST_NAMED ? ` and ${models.length - MOST_NAMED} more` : '';
  throw noRequests(model, `in ${path}${named && `, which has those of ${named}${rest}`}`);
}

const MOST_NAMED = 5;

function noRequests(model: string, where: string): Failure {
  return new Failure('InputInvalid', `${model} got no requests ${where}`, {
    fix: `Name a demand instead: \`slipway whatif ${model} --rps 10\`.`,
  });
}
