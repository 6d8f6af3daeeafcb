import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { translated } from './failures.ts';

/** A service quota of the account, by its code; undefined where Service Quotas does not report it. Fails as `translated` does. */
export async function serviceQuota(
  client: ServiceQuotasClient,
  ServiceCode: string,
  QuotaCode: string,
): Promise<number | undefined> {
  const which = { ServiceCode, QuotaCode };
  // An account that never requested another value has only the default.
  const own = await translated(() =>
    client.send(new GetServiceQuotaCommand(which)).catch(unlessUnknown),
  );
  if (own?.Quota?.Value !== undefined) return own.Quota.Value;
  const common = await translated(() =>
    client.send(new GetAWSDefaultServiceQuotaCommand(which)).catch(unlessUnknown),
  );
  return common?.Quota?.Value;
}

function unlessUnknown(error: unknown): undefined {
  if (error instanceof Error && error.name === 'NoSuchResourceException') return undefined;
  throw error;
}
