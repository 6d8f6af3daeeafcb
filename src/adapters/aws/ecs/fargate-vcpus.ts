import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { serviceQuota } from '#adapters/aws/service-quota.ts';
import { Failure } from '#domain/failure.ts';

/** The quota of the vCPUs that all tasks of an account may have at once on Fargate, on demand. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */
export const FARGATE_VCPUS = 'L-3032A538';

/** How many vCPUs the account's tasks may have at once on Fargate; null where Service Quotas does not say, may not be asked, or is down: a placement can do without, and no deployment waits for it. May fail with `PlatformThrottled`. */
export async function fargateVcpus(quotas: ServiceQuotasClient): Promise<number | null> {
  try {
    return (await serviceQuota(quotas, 'fargate', FARGATE_VCPUS)) ?? null;
  } catch (error) {
    if (error instanceof Failure && error.name === 'PlatformThrottled') throw error;
    return null;
  }
}
