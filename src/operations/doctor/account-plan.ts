import { STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import * as z from 'zod/mini';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { identityOf } from '#operations/account/identity.ts';
import { fail, warn } from './doctor.ts';

// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_freetier_GetAccountPlanState.html
const answer = z.object({
  accountPlanType: z.enum(['FREE', 'PAID']),
  accountPlanStatus: z.optional(z.enum(['NOT_STARTED', 'ACTIVE', 'EXPIRED'])),
  accountPlanExpirationDate: z.optional(z.union([z.string(), z.number()])),
  accountPlanRemainingCredits: z.optional(
    z.object({ amount: z.optional(z.number()), unit: z.optional(z.string()) }),
  ),
});

export type AccountPlan = z.infer<typeof answer>;

const UPGRADE =
  'Upgrade to the Paid plan (Billing and Cost Management, Account plan); the credits stay.';

/** The finding for an account on the Free plan, which lacks services and ends; undefined for others. */
export function planFinding(plan: AccountPlan) {
  if (plan.accountPlanType !== 'FREE') return undefined;
  const { amount, unit = 'USD' } = plan.accountPlanRemainingCredits ?? {};
  const until = dayOf(plan.accountPlanExpirationDate);
  if (plan.accountPlanStatus === 'EXPIRED') {
    return fail(`the account's Free plan ended${until ? ` on ${until}` : ''}`, UPGRADE);
  }
  const left = amount === undefined ? '' : ` with ${amount} ${unit} of credits`;
  return warn(
    `the account is on the Free plan${until ? ` until ${until}` : ''}${left}: it lacks services, and AWS closes it when either ends`,
    UPGRADE,
  );
}

/** The day of a time, which is given in seconds since 1970, as in AWS's JSON, or as a text. */
function dayOf(at: string | number | undefined): string | undefined {
  const date = new Date(typeof at === 'number' ? at * 1000 : (at ?? Number.NaN));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().slice(0, 10);
}

type Address = { readonly protocol: string; readonly hostname: string; readonly port?: number };

// The address is from the service's endpoint rules and model (botocore, freetier 2023-09-07). Our packages include no client for it.
const ENDPOINT = 'https://freetier.us-east-1.api.aws';
const TARGET = 'AWSFreeTierService.GetAccountPlanState';

/** Checks the account's plan. No finding where AWS does not report it: in other partitions, in accounts from before the plans, and for callers without the permission. */
export async function lookAtPlan(account: AwsAccount) {
  const sts = new STSClient(clientSettings(account));
  let asked = new URL(ENDPOINT);
  // A custom address (AWS_ENDPOINT_URL) appears only in the requests.
  sts.middlewareStack.add(
    (next) => (args) => {
      const { protocol, hostname, port } = args.request as Address;
      asked = new URL(`${protocol}//${hostname}${port ? `:${port}` : ''}`);
      return next(args);
    },
    { step: 'finalizeRequest' },
  );
  const { arn } = await identityOf(sts);
  if (!arn.startsWith('arn:aws:')) return undefined;
  const url = asked.hostname.endsWith('.amazonaws.com') ? new URL(ENDPOINT) : asked;
  const reply = await ask(url, sts).catch(() => undefined);
  const plan = reply?.ok ? answer.safeParse(await reply.json()) : undefined;
  return plan?.success ? planFinding(plan.data) : undefined;
}

async function ask(url: URL, { config }: STSClient): Promise<Response> {
  const signer = new SignatureV4({
    credentials: config.credentials,
    region: 'us-east-1',
    service: 'freetier',
    sha256: config.sha256,
  });
  const signed = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port && { port: Number(url.port) }),
    path: '/',
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': TARGET,
    },
    body: '{}',
  });
  return fetch(url, { method: 'POST', headers: signed.headers, body: '{}' });
}
