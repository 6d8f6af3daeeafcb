import { type Command, Option } from 'commander';
import { demandOf } from '#domain/placement/demand.ts';
import { HOURS_A_MONTH } from '#domain/placement/spending.ts';
import {
  amount,
  examples,
  integer,
  openSlipway,
  type Place,
  placedCommand,
  show,
} from '../command.ts';
import { whatIf, whatIfLines } from '../views/whatif.ts';

type Options = Place & {
  rps: number;
  peak?: number;
  p95?: number;
  hours: number;
  ms?: number;
  coldStarts: 'allowed' | 'none';
  spot?: boolean;
};

/** Adds the command that weighs the targets for a demand that one names. */
export function addWhatifCommand(program: Command): void {
  placedCommand(
    program,
    'whatif <model>',
    'Shows what the live version would cost on Lambda and on Fargate for the given traffic, and which is cheapest.',
  )
    .requiredOption(
      '--rps <n>',
      'requests a second, on average over the hours in which it is called',
      amount,
    )
    .option('--peak <n>', 'requests a second in the busiest minute (default: twice --rps)', amount)
    .option('--p95 <ms>', 'how many milliseconds 95 % of the requests may take at most', integer)
    .option('--hours <n>', 'hours of a month in which it is called', integer, HOURS_A_MONTH)
    .option(
      '--ms <n>',
      'how long a request takes on one vCPU (default: as long as the one that proved it)',
      integer,
    )
    .addOption(
      new Option('--cold-starts <rule>', 'whether a request may wait for a start')
        .choices(['allowed', 'none'])
        .default('allowed'),
    )
    .option('--spot', 'allow Spot capacity, beside one replica on demand')
    .addHelpText(
      'after',
      examples(
        'slipway whatif digits --rps 50 --p95 200',
        'slipway whatif digits --rps 2 --hours 176 --cold-starts none',
      ),
    )
    .action(async (model: string, options: Options) => {
      const { rps, peak, p95, hours, ms, coldStarts, spot = false } = options;
      const slipway = await openSlipway(options);
      const explained = await slipway.explainVersion({ name: model });
      const demand = demandOf({ requestsPerSecond: rps, peak, p95Ms: p95, coldStarts, hours });
      const found = whatIf(explained, demand, { requestMs: ms, allowsSpot: spot });
      show(options, found, whatIfLines(found));
    });
}
