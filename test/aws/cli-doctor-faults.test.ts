import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { CreateEventBusCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { awsDoctor } from '#operations/doctor/aws.ts';
import type { Finding } from '#operations/doctor/doctor.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { NOT_SUBSCRIBED } from '../support/aws/rules/young-account.ts';
import {
  accountAnswers,
  denied,
  GOOD_QUOTAS,
  type Stand,
  stackIn,
  startFront,
} from './cli-front.ts';
import { motoEnvironment } from './cli-world.ts';

type Fault = {
  readonly fault: string;
  readonly stands?: readonly Stand[];
  readonly env?: NodeJS.ProcessEnv;
  readonly plant?: (moto: Moto) => Promise<unknown>;
  /** The date of AWS's clock. */
  readonly date?: string;
  readonly row: string;
  readonly result: Finding['result'];
  readonly says: RegExp;
  readonly fix: RegExp;
};

const status = (name: string) => [stackIn('faulty', name)];

/** The faults planted in an account before the first deploy, the row that names each, and the fix that the row advises. */
const FAULTS: readonly Fault[] = [
  {
    fault: 'a repository of the name is there',
    plant: (moto) =>
      awsClient(ECRClient, moto).send(
        new CreateRepositoryCommand({ repositoryName: 'slipway-faulty-environments' }),
      ),
    row: 'names',
    result: 'fail',
    says: /already the repository slipway-faulty-environments/,
    fix: /^Deploy another stage, or remove these first: `slipway uninstall --stage faulty`/,
  },
  {
    fault: 'an event bus of the name is there',
    plant: (moto) =>
      awsClient(EventBridgeClient, moto).send(
        new CreateEventBusCommand({ Name: 'slipway-faulty' }),
      ),
    row: 'names',
    result: 'fail',
    says: /already the event bus slipway-faulty/,
    fix: /slipway uninstall --stage faulty/,
  },
  {
    fault: 'a log group of the name is there',
    plant: (moto) =>
      awsClient(CloudWatchLogsClient, moto).send(
        new CreateLogGroupCommand({ logGroupName: '/slipway/faulty/models' }),
      ),
    row: 'names',
    result: 'fail',
    says: /already the log group \/slipway\/faulty\/models/,
    fix: /slipway uninstall --stage faulty/,
  },
  {
    fault: 'CreateStack is denied',
    stands: [denied('cloudformation:CreateStack')],
    row: 'permissions',
    result: 'fail',
    says: /user\/\S+ may not cloudformation:CreateStack$/,
    fix: /slipway deploy --stage faulty --print-policy` prints/,
  },
  {
    fault: 'CreateRole is denied by the organization',
    stands: [denied('iam:CreateRole', { byOrganization: true })],
    row: 'permissions',
    result: 'fail',
    says: /may not iam:CreateRole, by a policy of the organization$/,
    fix: /--print-policy/,
  },
  ...(
    [
      ['CREATE_IN_PROGRESS', 'fail', /^Wait until it is done/],
      ['ROLLBACK_IN_PROGRESS', 'fail', /^Wait until it is done/],
      ['ROLLBACK_COMPLETE', 'warn', /`slipway deploy` deletes it first, by itself/],
      ['ROLLBACK_FAILED', 'warn', /`slipway deploy` deletes it first, by itself/],
      ['CREATE_FAILED', 'warn', /`slipway deploy` deletes it first, by itself/],
      ['REVIEW_IN_PROGRESS', 'warn', /`slipway deploy` deletes it first, by itself/],
      ['UPDATE_IN_PROGRESS', 'fail', /cancel-update-stack --stack-name slipway-faulty/],
      ['UPDATE_ROLLBACK_FAILED', 'warn', /continues the rollback by itself.*--resources-to-skip/],
      ['DELETE_FAILED', 'fail', /slipway uninstall --stage faulty/],
      ['DELETE_IN_PROGRESS', 'fail', /^Wait until it is done/],
    ] as const
  ).map(([name, result, fix]) => ({
    fault: `the stack is ${name}`,
    stands: status(name),
    row: 'stack',
    result,
    says: new RegExp(`^slipway-faulty is ${name}: planted$`),
    fix,
  })),
  {
    fault: 'the region lacks a service',
    env: { AWS_ENDPOINT_URL_CODEBUILD: 'http://codebuild.invalid' },
    row: 'services',
    result: 'fail',
    says: /^CodeBuild is not in us-east-1$/,
    fix: /^Deploy to another region/,
  },
  {
    fault: 'the plan of the account lacks a service',
    stands: [
      {
        calls: /ListDeliveryStreams|Firehose_20150804/,
        status: NOT_SUBSCRIBED.status,
        body: JSON.stringify({ __type: NOT_SUBSCRIBED.name, message: NOT_SUBSCRIBED.message }),
      },
    ],
    row: 'services',
    result: 'fail',
    says: /^this account may not use Firehose$/,
    fix: /upgrade to the Paid plan.*On the Paid plan finish the sign-up/,
  },
  {
    fault: 'the account is on the Free plan',
    stands: [
      {
        calls: /AWSFreeTierService\.GetAccountPlanState/,
        body: JSON.stringify({
          accountPlanType: 'FREE',
          accountPlanStatus: 'ACTIVE',
          accountPlanExpirationDate: 1_800_000_000,
          accountPlanRemainingCredits: { amount: 84.5, unit: 'USD' },
        }),
      },
    ],
    row: 'account plan',
    result: 'warn',
    says: /on the Free plan until 2027-01-15 with 84\.5 USD of credits: it lacks services/,
    fix: /^Upgrade to the Paid plan/,
  },
  {
    fault: 'the clock of this machine is behind',
    date: 'Thu, 01 Jan 2099 00:00:00 GMT',
    row: 'clock',
    result: 'fail',
    says: /clock is \d+ minutes behind AWS's/,
    fix: /timedatectl set-ntp true/,
  },
  {
    fault: 'CodeBuild runs no build at all',
    stands: accountAnswers({ builds: 0 }),
    row: 'builds at once',
    result: 'fail',
    says: /^0 on BUILD_GENERAL1_MEDIUM/,
    fix: /Service Quotas, CodeBuild/,
  },
  {
    fault: 'Lambda runs nothing at all',
    stands: accountAnswers({ concurrency: 0 }),
    row: 'lambda',
    result: 'fail',
    says: /^0 of 0 concurrent executions/,
    fix: /functions of 512 or 3,008 MB/,
  },
];

// Moto answers one call after the other.
const LONGEST_MS = 120_000;
// Nobody's own settings.
const NO_FILES = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };

describeOnMoto('before a first deploy doctor names', (moto) => {
  const before = { ...process.env };

  beforeEach(() => moto().reset());

  // The clients of AWS read the environment whenever one is made.
  afterEach(() => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  });

  it.each(FAULTS)(
    '$fault, and what to do',
    async ({ stands = [], env = {}, plant, date, row, result, says, fix }) => {
      await plant?.(moto());
      const all = [...stands, ...GOOD_QUOTAS, ...accountAnswers()];
      await using front = await startFront(moto(), all, date);

      Object.assign(process.env, motoEnvironment(front), NO_FILES, env);

      const account = { stage: 'faulty', profile: undefined, region: AWS_REGION };
      const findings = await awsDoctor(account, LONGEST_MS);

      expect(findings.find(({ check }) => check === row)).toEqual({
        check: row,
        result,
        says: expect.stringMatching(says),
        fix: expect.stringMatching(fix),
      });
      // Nothing else is blamed for it.
      expect(findings.filter((each) => each.result === 'fail' && each.check !== row)).toEqual([]);
    },
  );
});
