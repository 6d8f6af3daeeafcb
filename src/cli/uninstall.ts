import { Failure } from '#domain/failure.ts';
import type { Outcome, RemovalOptions, Uninstall } from '#operations/uninstall/uninstall.ts';
import { agree } from './agree.ts';
import { accountOf, type Place } from './command.ts';
import type { Output } from './output.ts';

type Options = Omit<Place, 'data'> & Partial<RemovalOptions> & { readonly yes?: boolean };

/** Removes Slipway from an account after the user agrees; returns the outcome of each removal. Fails with `InputInvalid` when the user declines. */
export async function uninstallFromAws(
  options: Options,
  output: Output,
): Promise<readonly Outcome[]> {
  const account = accountOf(options);
  if (!account) {
    throw new Failure('InputInvalid', 'uninstall needs the stage to remove', {
      fix: 'Name it with --stage. On one machine, just delete the data folder.',
    });
  }
  const { planUninstall, uninstall } = await import('#operations/uninstall/uninstall.ts');
  const plan = await planUninstall(account, {
    deleteBucket: options.deleteBucket ?? false,
    deleteTable: options.deleteTable ?? false,
  });
  for (const line of planLines(plan)) output.line(line);
  if (!options.yes) {
    await agree(account.stage, {
      refusal: 'nothing was removed',
      fix: 'Use --yes to remove all of this without being asked.',
    });
  }
  const outcomes: Outcome[] = [];
  for await (const outcome of uninstall(plan)) {
    outcomes.push(outcome);
    const { what, reason } = outcome;
    output.line(reason ? `left     ${what}: ${reason}` : `removed  ${what}`);
  }
  return outcomes;
}

function planLines({ what, stages, retained, foreign }: Uninstall): readonly string[] {
  const removals = stages.flat();
  return [
    `uninstall ${what}`,
    ...removals.map((removal) => `  removes ${removal.what}`),
    ...retained.map((kept) => `  keeps   ${kept}`),
    ...foreign.map(({ what, reason }) => `  not Slipway's: ${what}: ${reason}`),
  ];
}
