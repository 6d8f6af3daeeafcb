import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { paginateListServiceQuotas, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { STSClient } from '@aws-sdk/client-sts';
import { translated } from '#adapters/aws/failures.ts';
import { USUAL_MACHINE } from '#domain/build/build-machine.ts';
import { MINUTE_MS } from '#domain/durations.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';
import { identityOf } from '#operations/account/identity.ts';
import type { SlipwayStack } from '#operations/account/stack.ts';
import { type Check, fail, ok, warn } from './doctor.ts';

// Accounts have 1,000, new ones often 10. Below 100 no concurrency can be reserved, so models, the authorizer and the deployment steps share it.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
const GOOD_CONCURRENCY = 100;

/** Checks the limits of the account itself, whether or not Slipway is installed. */
export function accountChecks(
  account: AwsAccount,
  known: Promise<SlipwayStack | undefined>,
): readonly Check[] {
  return [
    { check: 'lambda', look: () => lookAtConcurrency(account) },
    {
      check: 'builds at once',
      look: async () => {
        // Most models and all environments are built on it, unless the stack sets a smaller limit.
        const most = (await known)?.parameters['BuildCompute'];
        return lookAtBuilds(account, most === 'BUILD_GENERAL1_SMALL' ? most : USUAL_MACHINE);
      },
    },
  ];
}

/** The caller's identity and region. */
export async function lookAtCaller(account: AwsAccount) {
  const sts = new STSClient(clientSettings(account));
  const { arn } = await withCredentials(() => identityOf(sts));
  return ok(`${arn} in ${await sts.config.region()}`);
}

/** Whether this machine's clock differs from AWS's by more than AWS accepts, which is five minutes. The SDK corrects it for its own calls; other signers, such as a deploy, do not. */
export async function lookAtClock(account: AwsAccount) {
  const sts = new STSClient(clientSettings(account));
  await withCredentials(() => identityOf(sts));
  const minutes = Math.round(sts.config.systemClockOffset / MINUTE_MS);
  if (minutes === 0) return undefined;
  const how = minutes > 0 ? 'behind' : 'ahead of';
  return fail(
    `this machine's clock is ${Math.abs(minutes)} minutes ${how} AWS's, which refuses what is signed more than 5 minutes off`,
    'Set the clock, by the time server of the system: `timedatectl set-ntp true`, or the date and time settings.',
  );
}

async function lookAtConcurrency(account: AwsAccount) {
  const lambda = new LambdaClient(clientSettings(account));
  const { AccountLimit = {} } = await withCredentials(() =>
    translated(() => lambda.send(new GetAccountSettingsCommand())),
  );
  const { ConcurrentExecutions: all = 0, UnreservedConcurrentExecutions: free = all } =
    AccountLimit;
  const says = `${free} of ${all} concurrent executions are not reserved`;
  const fix =
    'Request an increase: Service Quotas, Lambda, "Concurrent executions". Models, the authorizer before each request and the steps of deployments share them, and requests beyond them are answered 503. Such an account may also be limited to functions of 512 or 3,008 MB, which no API reports: Slipway learns it when it makes a larger one, and sizes models by it.';
  if (free === 0) return fail(says, fix);
  return free < GOOD_CONCURRENCY ? warn(says, fix) : ok(says);
}

/** `compute` is CodeBuild's name: BUILD_GENERAL1_MEDIUM falls under the quota of `Linux/Medium`. */
async function lookAtBuilds(account: AwsAccount, compute: string) {
  const size = compute.replace('BUILD_GENERAL1_', '').toLowerCase();
  const quota = `Concurrently running builds for Linux/${size} environment`;
  const found = await withCredentials(() => translated(() => quotaOf(account, quota)));
  const fix = `Request an increase: Service Quotas, CodeBuild, "${quota}".`;
  if (found === undefined) return warn('Service Quotas does not say', fix);
  const says = `${found} on ${compute}`;
  if (found === 0) return fail(says, fix);
  return found === 1 ? warn(`${says}: models are built one after another`, fix) : ok(says);
}

// Looked up by name: the quota codes differ by size and are not documented.
// https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
async function quotaOf(account: AwsAccount, name: string): Promise<number | undefined> {
  const client = new ServiceQuotasClient(clientSettings(account));
  for await (const { Quotas = [] } of paginateListServiceQuotas(
    { client },
    { ServiceCode: 'codebuild' },
  )) {
    const found = Quotas.find(({ QuotaName }) => QuotaName?.toLowerCase() === name.toLowerCase());
    if (found) return found.Value;
  }
  return undefined;
}
