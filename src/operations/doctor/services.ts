import { LambdaClient } from '@aws-sdk/client-lambda';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { LISTS } from '#operations/account/lists.ts';
import { fail, ok } from './doctor.ts';

type Settings = ReturnType<typeof clientSettings>;
type Service = { readonly name: string; readonly list: () => Promise<unknown> };

// These errors reject accounts on the Free plan, and those whose sign-up is not finished. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
const NOT_SUBSCRIBED = /^(?:SubscriptionRequiredException|OptInRequired|SubscriptionRequired)$/;

/** Requests a list from each service that the stack uses: whether it exists in the region, and the account may use it. */
export async function lookAtServices(account: AwsAccount, hasContainers: boolean) {
  const settings = clientSettings(account);
  const asked = servicesOf(settings, hasContainers);
  const region = await new LambdaClient(settings).config.region();
  const found = await Promise.all(
    asked.map(async ({ name, list }) => ({ name, error: await list().then(() => null, asError) })),
  );
  const lacking = (sign: (error: Error) => boolean) =>
    found.flatMap(({ name, error }) => (error && sign(error) ? name : []));
  const absent = lacking(isAbsent);
  if (absent.length === asked.length) {
    return fail(
      `no service of AWS has an address in ${region}`,
      'Check the name of the region and the network connection.',
    );
  }
  if (absent.length > 0) {
    return fail(
      `${absent.join(', ')} ${absent.length === 1 ? 'is' : 'are'} not in ${region}`,
      'Deploy to another region, by --region.',
    );
  }
  const refused = lacking(isNotSubscribed);
  if (refused.length > 0) {
    return fail(
      `this account may not use ${refused.join(', ')}`,
      'Accounts on the Free plan lack services: upgrade to the Paid plan (Billing and Cost Management, Account plan). On the Paid plan finish the sign-up: a payment method and a verified telephone number; AWS takes up to 24 hours.',
    );
  }
  return ok(`${asked.length} services answer in ${region}`);
}

/** Whether a service is missing in the region or for the account, by its error: other checks then report nothing about its resources. */
export function isUnusable(error: Error): boolean {
  return isAbsent(error) || isNotSubscribed(error);
}

/** Whether the region has no address for it. */
function isAbsent(error: Error): boolean {
  return 'code' in error && error.code === 'ENOTFOUND';
}

function isNotSubscribed({ name }: Error): boolean {
  return NOT_SUBSCRIBED.test(name);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

// Only a stage that signs its releases needs KMS, and IAM, which has the roles, is not a regional service.
const NOT_ASKED = new Set(['KMS', 'IAM']);

/** Each service once, with the first page of its first list. */
function servicesOf(settings: Settings, hasContainers: boolean): readonly Service[] {
  const lists = LISTS.filter(
    ({ service, isForContainers }) =>
      !NOT_ASKED.has(service) && (hasContainers || !isForContainers),
  );
  const isFirst = ({ service }: (typeof LISTS)[number], at: number) =>
    lists.findIndex((each) => each.service === service) === at;
  return lists.filter(isFirst).map(({ service, pages }) => ({
    name: service,
    list: () => pages(settings)[Symbol.asyncIterator]().next(),
  }));
}
