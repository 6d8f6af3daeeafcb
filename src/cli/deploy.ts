import { fileURLToPath } from 'node:url';
import { cachesIn } from '#compose/user.ts';
import { Failure } from '#domain/failure.ts';
import { agree } from './agree.ts';
import { accountOf, type Place } from './command.ts';
import { findingLines } from './doctor.ts';
import { warn } from './terminal.ts';
import { asTyped } from './typed.ts';

type Options = Omit<Place, 'data'> & {
  readonly param?: readonly string[];
  readonly yes?: boolean;
  readonly skipDoctor?: boolean;
};

// The same in a clone (src/cli) and in the packed command (dist/cli).
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHES = cachesIn(process.env);

/** Deploys the stack into an account: checks the account, prints the cost, asks, deploys. Returns the exit code; fails with `InputInvalid` when the user declines. */
export async function deployToAws(options: Options): Promise<number> {
  const account = accountOf(options);
  if (!account) {
    throw new Failure('InputInvalid', 'deploy needs the stage to create', {
      fix: 'Name it: `slipway deploy --stage prod`. On one machine, just run `slipway start`.',
    });
  }
  const { planInstall, runInstall } = await import('#compose/install/install.ts');
  const plan = await planInstall(ROOT, account, options.param ?? []);
  for (const line of [...findingLines(plan.findings), ...plan.notes]) warn(line);
  if (!options.skipDoctor && plan.findings.some(({ result }) => result === 'fail')) {
    throw new Failure('PlatformDenied', 'the account is not ready: nothing was deployed', {
      fix: 'Fix what failed above, or deploy anyway with --skip-doctor.',
    });
  }
  if (!options.yes) {
    await agree(account.stage, {
      refusal: 'nothing was deployed',
      fix: 'Use --yes to deploy without being asked.',
    });
  }
  const code = await runInstall({ root: ROOT, caches: CACHES }, plan);
  const { stage, region } = plan.account;
  if (code === 0) {
    const { moveKeys } = await import('#compose/account/keys.ts');
    await moveKeys(plan.account);
    warn(asTyped(`deployed: \`slipway push MODEL --stage ${stage} --region ${region}\``));
  }
  return code;
}
