import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '#domain/failure.ts';
import type { Install } from '#operations/install/install.ts';
import type { Copy } from '#operations/install/stack-folder.ts';
import { cachesIn } from '#operations/user.ts';
import { agree } from './agree.ts';
import { accountOf, type Place } from './command.ts';
import { findingLines } from './doctor.ts';
import { tell, warn } from './terminal.ts';
import { asTyped } from './typed.ts';

type Options = Omit<Place, 'data'> & {
  readonly param?: readonly string[];
  readonly containers?: string;
  readonly yes?: boolean;
  readonly skipDoctor?: boolean;
  readonly printPolicy?: boolean;
};

// The same in a clone (src/cli) and in the packed command (dist/cli).
export const COPY: Copy = {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  caches: cachesIn(process.env),
  environment: process.env,
};

/** Deploys the stack into an account: checks the account, prints the cost and what would change, asks, deploys. Returns the exit code; fails with `InputInvalid` when the user declines. */
export async function deployToAws(options: Options): Promise<number> {
  const account = accountOf(options);
  if (!account) {
    throw new Failure('InputInvalid', 'deploy needs the stage to create', {
      fix: 'Name it: `slipway deploy --stage prod`. On one machine, just run `slipway start`.',
    });
  }
  if (options.printPolicy) {
    const { policyText } = await import('#operations/install/policy.ts');
    tell(await policyText(account));
    return 0;
  }
  const { planInstall } = await import('#operations/install/install.ts');
  const containers = options.containers ? [`containers=${options.containers}`] : [];
  const plan = await planInstall(COPY.root, account, [...(options.param ?? []), ...containers]);
  requireReady(plan, options);
  return packageAndDeploy(plan, options.yes === true);
}

async function packageAndDeploy(plan: Install, isAgreed: boolean): Promise<number> {
  const { packageInstall, runInstall } = await import('#operations/install/install.ts');
  const { stage } = plan.account;
  // Where nobody can be asked, nothing is packaged first.
  if (!(isAgreed || process.stdin.isTTY)) await agreeTo(stage);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-package-'));
  try {
    const packaged = await packageInstall(COPY, plan, folder);
    if (!packaged) return 1;
    const { changeLines } = await import('#operations/install/change-set.ts');
    for (const line of changeLines(packaged.changes)) warn(line);
    if (!isAgreed) await agreeTo(stage);
    const code = await runInstall(COPY, plan, packaged, warn);
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

/** Shows what a deploy would do and what the account lacks. Fails with `PlatformDenied` where it lacks something that a deploy needs, unless that was to be ignored. */
export function requireReady(
  { findings, notes }: Install,
  { skipDoctor }: Pick<Options, 'skipDoctor'>,
): void {
  for (const line of [...findingLines(findings), ...notes]) warn(line);
  if (skipDoctor || findings.every(({ result }) => result !== 'fail')) return;
  throw new Failure('PlatformDenied', 'the account is not ready: nothing was deployed', {
    fix: 'Fix what failed above, or go on anyway with --skip-doctor.',
  });
}
