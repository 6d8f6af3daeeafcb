import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { translated } from '#adapters/aws/failures.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';

/** A service quota, by its code; undefined where Service Quotas does not report it. */
export async function quotaOf(
  account: AwsAccount,
  ServiceCode: string,
  QuotaCode: string,
): Promise<number | undefined> {
  const client = new ServiceQuotasClient(clientSettings(account));
  const which = { ServiceCode, QuotaCode };
  return withCredentials(async () => {
    // An account that never requested another value has only the default.
    const own = await translated(() =>
      client.send(new GetServiceQuotaCommand(which)).catch(unlessUnknown),
    );
    if (own?.Quota?.Value !== undefined) return own.Quota.Value;
    const common = await translated(() =>
      client.send(new GetAWSDefaultServiceQuotaCommand(which)).catch(unlessUnknown),
    );
    return common?.Quota?.Value;
  });
}

function unlessUnknown(error: unknown): undefined {
  if (error instanceof Error && error.name === 'NoSuchResourceException') return undefined;
  throw error;
}
