import type { Command } from 'commander';
import {
  accountOf,
  examples,
  integer,
  openSlipway,
  type Place,
  placedCommand,
  show,
} from '../command.ts';
import { costLines, costReport } from '../views/cost.ts';

export function addCostCommand(program: Command): void {
  placedCommand(
    program,
    'cost [model]',
    'Shows what each live version costs while idle and by a million calls, at the prices of a stated day.',
  )
    .option(
      '--ms <n>',
      'how long a request takes, in milliseconds (default: as long as the one that proved the version)',
      integer,
    )
    .addHelpText('after', examples('slipway cost', 'slipway cost digits --ms 250 --json'))
    .action(async (model: string | undefined, options: Place & { ms?: number }) => {
      const slipway = await openSlipway(options);
      const isSpent = accountOf(options) !== undefined;
      const report = await costReport(slipway, { model, durationMs: options.ms, isSpent });
      show(options, report, costLines(report));
    });
}
