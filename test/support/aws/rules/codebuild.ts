import type { AwsRule, Refusal } from './rules.ts';

const START_BUILD = 'https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html';
const TOKEN_MS = 5 * 60_000;

type Account = {
  /** The time, epoch ms. */
  readonly now: () => number;
  readonly running: () => number;
  readonly runningMost: number;
};

/** The refusal of one build too many. A new account may have a limit of 0 while Service Quotas shows 10 or 60: aws-ia/terraform-aws-control_tower_account_factory#100 and #179, awslabs/landing-zone-accelerator-on-aws#1013. */
export function tooManyBuilds(most: number): Refusal {
  const message = `Cannot have more than ${most} builds in queue for the account`;
  return { name: 'AccountLimitExceededException', message, status: 400 };
}

/** The calls that CodeBuild refuses. */
export function codeBuildRules({ now, running, runningMost }: Account): readonly AwsRule[] {
  const tokens = new Map<unknown, { readonly atMs: number; readonly parameters: string }>();

  return [
    {
      name: 'codebuild: an idempotency token is for the same parameters, for 5 minutes',
      service: 'CodeBuild',
      commands: ['StartBuild'],
      source: START_BUILD,
      before({ input: { idempotencyToken, ...rest } }) {
        if (idempotencyToken === undefined) return undefined;
        const parameters = JSON.stringify(rest);
        const known = tokens.get(idempotencyToken);
        const isFresh = !known || known.atMs + TOKEN_MS <= now();
        if (isFresh) tokens.set(idempotencyToken, { atMs: now(), parameters });
        if (isFresh || known.parameters === parameters) return undefined;
        const message = 'Idempotency token was used with different parameters';
        return { name: 'InvalidInputException', message, status: 400 };
      },
    },
    {
      name: 'codebuild: an account runs so many builds at once',
      service: 'CodeBuild',
      commands: ['StartBuild'],
      source: START_BUILD,
      before() {
        if (running() < runningMost) return undefined;
        return tooManyBuilds(runningMost);
      },
    },
  ];
}
