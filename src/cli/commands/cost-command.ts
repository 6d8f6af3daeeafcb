import type { Command } from 'commander';
import { MOST_MS } from '#domain/manifest/traffic.ts';
import type { AwsAccount } from '#operations/account/clients.ts';
import {
  accountOf,
  amountUpTo,
  examples,
  openSlipway,
  type Place,
  placedCommand,
  show,
} from '../command.ts';

export function addCostCommand(program: Command): void {
  placedCommand(
    program,
    'cost [model]',
    'Shows what each live version costs while idle, for a million calls and for its traffic, at the prices of a stated day.',
  )
    .option(
      '--ms <n>',
      'how long a request takes, in milliseconds (default: as the build measured it, else as long as the one that proved the version)',
      amountUpTo(MOST_MS),
    )
    .addHelpText('after', examples('slipway cost', 'slipway cost digits --ms 250 --json'))
    .action(async (model: string | undefined, options: Place & { ms?: number }) => {
      const slipway = await openSlipway(options);
      const account = accountOf(options);
      const parameters = account ? await stackParameters(account) : null;
      const input = { model, durationMs: options.ms, isSpent: account !== undefined, parameters };
      const { costLines, costReport } = await import('../views/cost.ts');
      const report = await costReport(slipway, input);
      show(options, report, costLines(report));
    });
}

async function stackParameters(account: AwsAccount): Promise<Readonly<Record<string, string>>> {
  const { findStack } = await import('#operations/account/stack.ts');
  return (await findStack(account)).parameters;
}
