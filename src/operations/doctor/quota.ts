import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { serviceQuota } from '#adapters/aws/service-quota.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';

/** A service quota, by its code; undefined where Service Quotas does not report it. */
export async function quotaOf(
  account: AwsAccount,
  serviceCode: string,
  quotaCode: string,
): Promise<number | undefined> {
  const client = new ServiceQuotasClient(clientSettings(account));
  return withCredentials(() => serviceQuota(client, serviceCode, quotaCode));
}
