import type { Command } from 'commander';
import type { Explanation } from '#control/explanation.ts';
import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { revisionName } from '#domain/identity.ts';
import { userName } from '#operations/user.ts';
import { agree } from '../agree.ts';
import { carryOut } from '../asked.ts';
import {
  examples,
  openSlipway,
  type Place,
  placedCommand,
  show,
  versionNumber,
} from '../command.ts';
import { commandOutput } from '../output.ts';
import type { PromoteOptions } from '../promote.ts';

/** Adds the commands that bring a version from one Slipway to another, and by which a person approves it there. */
export function addPromotionCommands(program: Command): void {
  addPromote(program);
  addApprove(program);
  addReject(program);
  addSigningKey(program);
}

function addPromote(program: Command): void {
  program
    .command('promote <model>')
    .description(
      'Copies a version to another stage or account, or to another folder of this machine, and makes it live there, without building it again.',
    )
    .requiredOption('--from <place>', 'where it is: a stage in AWS, or a folder such as ./staging')
    .requiredOption('--to <place>', 'where it is to be live')
    .option('--version <n>', 'the version (default: the live one)', versionNumber)
    .option('--require-approval', 'it goes live only after a person has approved it there')
    .option('--profile <profile>', 'the AWS profile')
    .option('--region <region>', 'the AWS region')
    .option('--to-profile <profile>', 'the AWS profile of the other side, if it is another')
    .option('--to-region <region>', 'the AWS region of the other side, if it is another')
    .option('--role <arn>', 'the role to assume on the other side: Promoter of its stack')
    .option('--external-id <id>', 'the external id with which that role is assumed')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      examples(
        'slipway promote digits --from staging --to prod',
        'slipway promote digits --from staging --to prod --role ARN --external-id ID',
        'slipway promote digits --from ./staging --to ./prod --require-approval',
      ),
    )
    .action(async (model: string, options: PromoteOptions & { readonly json?: boolean }) => {
      const output = commandOutput(options);
      const { promote } = await import('../promote.ts');
      const { slipway, ask } = await promote(model, options, output);
      const outcome = await carryOut({ slipway, model, output, upTo: 'AwaitingApproval' }, ask);
      process.exitCode = outcome === 'done' ? 0 : 1;
    });
}

type Answered = Place & {
  readonly version?: number;
  readonly digest?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
};

function addApprove(program: Command): void {
  answerCommand(
    program,
    'approve <model>',
    'Approves the promotion, or the version that the gate asks about, after showing it and asking, and follows it until it is live.',
  )
    .option('--force', 'approve it although the gate found it broken')
    .addHelpText(
      'after',
      examples('slipway approve digits --stage prod', 'slipway approve digits --version 4 --yes'),
    )
    .action((model: string, options: Answered) => answer(model, 'approved', options));
}

function addReject(program: Command): void {
  answerCommand(
    program,
    'reject <model>',
    'Refuses the promotion, or the version that the gate asks about, after showing it and asking.',
  )
    .addHelpText('after', examples('slipway reject digits --stage prod'))
    .action((model: string, options: Answered) => answer(model, 'refused', options));
}

function addSigningKey(program: Command): void {
  placedCommand(
    program,
    'signing-key',
    'Prints the public key that verifies releases from here: give it to the stage or the folder that takes them.',
  )
    .addHelpText('after', examples('slipway signing-key --stage staging'))
    .action(async (options: Place) => {
      const { signingKey } = await import('../signing-key.ts');
      const { publicKey, fingerprint } = await signingKey(options);
      show(options, { publicKey, fingerprint }, [publicKey, `fingerprint ${fingerprint}`]);
    });
}

function answerCommand(program: Command, name: string, description: string): Command {
  return placedCommand(program, name, description)
    .option('--version <n>', 'the version (default: the one that waits)', versionNumber)
    .option('--digest <digest>', 'answer only if this is the digest that waits')
    .option('--yes', 'do not ask');
}

async function answer(
  model: string,
  verdict: 'approved' | 'refused',
  options: Answered,
): Promise<void> {
  const output = commandOutput(options);
  const slipway = await openSlipway(options);
  const version = options.version ?? (await waitingVersion(slipway, model));
  const { lines, digest } = await asked(
    model,
    version,
    await slipway.explainVersion({ name: model, version }),
  );
  for (const line of lines) output.line(line);
  if (!options.yes) {
    await agree(model, {
      refusal: 'nothing was answered',
      fix: 'Use --yes to answer without being asked.',
    });
  }
  const given = {
    version,
    verdict,
    digest: options.digest ?? digest,
    by: userName(),
    force: options.force ?? false,
  };
  const outcome = await carryOut({ slipway, model, output }, () =>
    slipway.answerPromotion({ name: model, ...given }),
  );
  process.exitCode = outcome === 'done' ? 0 : 1;
}

/** The version that a person is asked to approve, and how their answer names it. */
async function asked(
  model: string,
  version: number,
  { promotion, comparison }: Explanation,
): Promise<{ readonly lines: readonly string[]; readonly digest: string }> {
  const name = `${model} v${version}`;
  if (comparison?.decision === 'asked') {
    const { comparisonLines } = await import('../views/diff.ts');
    return {
      lines: [`${name} beside v${comparison.beside.version}`, ...comparisonLines(comparison)],
      digest: revisionName(model, version),
    };
  }
  if (!promotion) {
    throw new Failure('InputInvalid', `version ${version} of ${model} waits for no approval`);
  }
  const { from, digest, proof } = promotion;
  const proven = proof
    ? [`  proven there in ${proof.latencyMs} ms${proof.warning && `: ${proof.warning}`}`]
    : [];
  return {
    lines: [`${name} is version ${from.version} of ${from.place}`, `  ${digest}`, ...proven],
    digest,
  };
}

async function waitingVersion(slipway: Slipway, model: string): Promise<number> {
  const { models } = await slipway.listModels({ costs: false });
  const newest = models.find(({ name }) => name === model)?.newest;
  const isAwaited = newest?.phase === 'AwaitingApproval' || newest?.phase === 'Compared';
  if (isAwaited && newest.version !== null) return newest.version;
  throw new Failure('InputInvalid', `no version of ${model} waits for approval`, {
    fix: '`slipway status` shows the versions that wait.',
  });
}
