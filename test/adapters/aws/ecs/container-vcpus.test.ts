import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import {
  EC2_VCPUS,
  ec2Vcpus,
  FARGATE_VCPUS,
  fargateVcpus,
} from '#adapters/aws/ecs/container-vcpus.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';
import { serviceQuotas } from '../../../support/aws/rules/service-quotas.ts';

// Every call is answered by the rules.
const NOWHERE = { endpoint: 'http://127.0.0.1:9' };
const SIX = { [FARGATE_VCPUS]: 6 };

function clientOf(quotas: Parameters<typeof serviceQuotas>[0], fault?: AwsFault) {
  const client = awsClient(ServiceQuotasClient, NOWHERE, undefined, { maxAttempts: 1 });
  if (fault) awsFault(client, 'GetServiceQuota', fault);
  return awsRules(serviceQuotas(quotas)).guard(client);
}

describe('the vCPUs of an account', () => {
  it.each([
    { what: 'its own quota', quotas: { own: { [FARGATE_VCPUS]: 140 }, common: SIX }, most: 140 },
    { what: 'the default where it never asked for another', quotas: { common: SIX }, most: 6 },
    { what: 'none at all', quotas: { own: { [FARGATE_VCPUS]: 0 } }, most: 0 },
    { what: 'not known where Service Quotas has none', quotas: {}, most: null },
  ])('are $what', async ({ quotas, most }) => {
    expect(await fargateVcpus(clientOf(quotas))).toBe(most);
  });

  it.each(['denied', 'gone', 'broken', 'reply lost'] as const)(
    'are not known where the call is %s, and no deployment waits for that',
    async (fault) => {
      expect(await fargateVcpus(clientOf({ own: SIX }, fault))).toBeNull();
    },
  );

  it('have a quota of their own on EC2', async () => {
    const own = { [FARGATE_VCPUS]: 6, [EC2_VCPUS]: 32 };

    expect(await ec2Vcpus(clientOf({ own }))).toBe(32);
    expect(await ec2Vcpus(clientOf({ own: SIX }))).toBeNull();
  });

  it('are asked for again when the call is throttled', async () => {
    await expect(fargateVcpus(clientOf({ own: SIX }, 'throttled'))).rejects.toMatchObject({
      name: 'PlatformThrottled',
    });
  });
});

describeOnMoto('the vCPUs of an account in moto', (moto) => {
  it('are not known, since it has no quota of Fargate', async () => {
    expect(await fargateVcpus(awsClient(ServiceQuotasClient, moto()))).toBeNull();
  });
});
