import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '#adapters/clocks.ts';
import { VERSION } from '#compose/version.ts';
import { Failure } from '#domain/failure.ts';
import type { Target } from '#domain/placement/target.ts';
import { MINUTES, mostUsd } from '#operations/evidence/most-usd.ts';
import {
  type Act,
  type Evidence,
  evidenceKey,
  FORMAT,
  type Read,
  readSigned,
  signed,
} from '#operations/evidence/signed.ts';
import { agree } from './agree.ts';
import { accountOf, type Place } from './command.ts';
import { COPY, requireReady } from './deploy.ts';
import { givenText } from './given-text.ts';
import { onInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';

// Long enough for some dozens of requests.
const WATCH_MS = 10_000;
/** Short bakes: nobody else calls these models. */
const PARAMETERS = ['containers=public', 'bakeSeconds=60'];

type Options = Omit<Place, 'data'> & {
  readonly gpu?: boolean;
  readonly yes?: boolean;
  readonly skipDoctor?: boolean;
  readonly out: string;
};

/** Proves Slipway in the user's own account, after saying what that costs and asking, and writes what was seen as a signed file. Fails with `InputInvalid` when the user declines, or the stage is there. */
export async function proveInAws(options: Options, output: Output): Promise<Evidence> {
  const targets: readonly Target[] = options.gpu
    ? ['lambda', 'fargate', 'ec2']
    : ['lambda', 'fargate'];
  const plan = await agreedPlan(options, targets, output);
  const { accountGround } = await import('#operations/evidence/account-ground.ts');
  const { CLAIMS } = await import('#operations/evidence/claims.ts');
  const { prove } = await import('#operations/evidence/prove.ts');
  const key = await evidenceKey(join(COPY.caches, 'slipway', 'evidence-key.pem'));
  using interrupt = onInterrupt();
  await using ground = accountGround(COPY, plan, output.line);
  const beganAt = new Date(systemClock.now()).toISOString();
  const beganMs = performance.now();
  const proven = await prove(ground, {
    targets,
    claims: CLAIMS,
    watchMs: WATCH_MS,
    signal: AbortSignal.any([interrupt.signal, AbortSignal.timeout(MINUTES * 60_000)]),
    tell: (act) => output.line(actLine(act)),
  });
  const { region } = plan.account;
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  const evidence: Evidence = {
    format: FORMAT,
    slipway: VERSION,
    region,
    beganAt,
    seconds,
    ...proven,
  };
  await writeFile(options.out, signed(evidence, key));
  for (const line of evidenceLines(evidence)) output.line(line);
  output.line(`written to ${options.out}: send it to Slipway's maintainers`);
  return evidence;
}

/** Answers the planned deploy, once the user has agreed to it. */
async function agreedPlan(options: Options, targets: readonly Target[], output: Output) {
  const account = accountOf(options);
  if (!account || options.stage === undefined) {
    throw new Failure('InputInvalid', 'prove needs the name of a stage that is not there yet', {
      fix: 'Name one: `slipway prove --stage proof`. It is made, and removed in the end.',
    });
  }
  const { planInstall } = await import('#operations/install/install.ts');
  const plan = await planInstall(COPY.root, account, PARAMETERS);
  requireReady(plan, options);
  const usd = mostUsd(targets).toFixed(2);
  output.line(
    `deploys ${account.stage}, pushes a model to ${targets.join(', ')}, and removes all of it: ${MINUTES} minutes and ${usd} USD at most`,
  );
  if (!options.yes) {
    await agree(account.stage, {
      refusal: 'nothing was deployed',
      fix: 'Use --yes to prove without being asked.',
    });
  }
  return plan;
}

/** Reads a file that `slipway prove` wrote. Fails with `InputInvalid` where it was changed since. */
export async function checkEvidence(path: string): Promise<Read> {
  return readSigned(await givenText(path));
}

export function evidenceLines({
  acts,
  findings,
  requests,
  leftovers,
}: Evidence): readonly string[] {
  return [
    ...acts.filter(({ isDone }) => !isDone).map(actLine),
    ...findings.map(({ verdict, row, what }) => `${verdict.padEnd(10)}  ${row} …: ${what}`),
    `requests    ${requests.sent} sent while versions changed, ${requests.lost} lost`,
    leftovers.length === 0
      ? 'leftovers   none'
      : `leftovers   ${leftovers.join(', ')}: \`slipway uninstall\` removes what is Slipway's`,
  ];
}

/** Whether everything was done, all that was seen is as written, and nothing is left. */
export function isProven({ acts, findings, requests, leftovers }: Evidence): boolean {
  return (
    acts.every(({ isDone }) => isDone) &&
    findings.every(({ verdict }) => verdict !== 'otherwise') &&
    requests.lost === 0 &&
    leftovers.length === 0
  );
}

function actLine({ act, isDone, said, seconds }: Act): string {
  return `${(isDone ? 'done' : 'failed').padEnd(10)}  ${act} (${seconds} s)${said ? `: ${said}` : ''}`;
}
