import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { serviceQuota } from '#adapters/aws/service-quota.ts';
import { Failure } from '#domain/failure.ts';

/** The quota of the vCPUs that all tasks of an account may have at once on Fargate, on demand. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */
export const FARGATE_VCPUS = 'L-3032A538';

/** The quota of the vCPUs that all instances of the families A, C, D, H, I, M, R, T and Z of an account may have at once, on demand. https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html */
export const EC2_VCPUS = 'L-1216C47A';

/** How many vCPUs the account's tasks may have at once on Fargate: see `vcpus`. */
export function fargateVcpus(quotas: ServiceQuotasClient): Promise<number | null> {
  return vcpus(quotas, 'fargate', FARGATE_VCPUS);
}

/** How many vCPUs the account's instances without a GPU may have at once: see `vcpus`. */
export function ec2Vcpus(quotas: ServiceQuotasClient): Promise<number | null> {
  return vcpus(quotas, 'ec2', EC2_VCPUS);
}

/** Null where Service Quotas does not say, may not be asked, or is down: a placement can do without, and no deployment waits for it. May fail with `PlatformThrottled`. */
async function vcpus(
  quotas: ServiceQuotasClient,
  service: string,
  code: string,
): Promise<number | null> {
  try {
    return (await serviceQuota(quotas, service, code)) ?? null;
  } catch (error) {
    if (error instanceof Failure && error.name === 'PlatformThrottled') throw error;
    return null;
  }
}
