import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Install } from '#compose/install/install.ts';
import { cachesIn } from '#compose/user.ts';
import { Failure } from '#domain/failure.ts';
import { agree } from './agree.ts';
import { accountOf, type Place } from './command.ts';
import { findingLines } from './doctor.ts';
import { tell, warn } from './terminal.ts';
import { asTyped } from './typed.ts';

type Options = Omit<Place, 'data'> & {
  readonly param?: readonly string[];
  readonly yes?: boolean;
  readonly skipDoctor?: boolean;
  readonly printPolicy?: boolean;
};

// The same in a clone (src/cli) and in the packed command (dist/cli).
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHES = cachesIn(process.env);

/** Deploys the stack into an account: checks the account, prints the cost and what would change, asks, deploys. Returns the exit code; fails with `InputInvalid` when the user declines. */
export async function deployToAws(options: Options): Promise<number> {
  const account = accountOf(options);
  if (!account) {
    throw new Failure('InputInvalid', 'deploy needs the stage to create', {
      fix: 'Name it: `slipway deploy --stage prod`. On one machine, just run `slipway start`.',
    });
  }
  if (options.printPolicy) {
    const { policyText } = await import('#compose/install/policy.ts');
    tell(await policyText(account));
    return 0;
  }
  const { planInstall } = await import('#compose/install/install.ts');
  const plan = await planInstall(ROOT, account, options.param ?? []);
  for (const line of [...findingLines(plan.findings), ...plan.notes]) warn(line);
  if (!options.skipDoctor && plan.findings.some(({ result }) => result === 'fail')) {
    throw new Failure('PlatformDenied', 'the account is not ready: nothing was deployed', {
      fix: 'Fix what failed above, or deploy anyway with --skip-doctor.',
    });
  }
  return packageAndDeploy(plan, options.yes === true);
}

async function packageAndDeploy(plan: Install, isAgreed: boolean): Promise<number> {
  const { packageInstall, runInstall } = await import('#compose/install/install.ts');
  const { stage } = plan.account;
  // Where nobody can be asked, nothing is packaged first.
  if (!(isAgreed || process.stdin.isTTY)) await agreeTo(stage);
  const copy = { root: ROOT, caches: CACHES };
  const folder = await mkdtemp(join(tmpdir(), 'slipway-package-'));
  try {
    const packaged = await packageInstall(copy, plan, folder);
    if (!packaged) return 1;
    const { changeLines } = await import('#compose/install/change-set.ts');
    for (const line of changeLines(packaged.changes)) warn(line);
    if (!isAgreed) await agreeTo(stage);
    const code = await runInstall(copy, plan, packaged);
    if (code === 0) sayDeployed(plan.account);
    return code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function agreeTo(stage: string): Promise<void> {
  return agree(stage, {
    refusal: 'nothing was deployed',
    fix: 'Use --yes to deploy without being asked.',
  });
}

function sayDeployed({ stage, region }: { readonly stage: string; readonly region: string }): void {
  warn(asTyped(`deployed: \`slipway push MODEL --stage ${stage} --region ${region}\``));
}
