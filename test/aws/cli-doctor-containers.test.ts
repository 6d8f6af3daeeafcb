import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import type { Finding } from '#compose/doctor/doctor.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { containerParts } from './cli-containers.ts';
import { accountAnswers, type Stand, startFront } from './cli-front.ts';
import { installInMoto } from './cli-world.ts';

const CHECKS = ['networks', 'Fargate', 'GPUs', 'ECS role', 'EC2 role', 'rules', 'addresses'];

/** Moto has no quotas of these services. */
function quotas(values: Readonly<Record<string, number>>): readonly Stand[] {
  return Object.entries(values).map(([code, Value]) => ({
    calls: new RegExp(`GetServiceQuota .*"${code}"`),
    body: JSON.stringify({ Quota: { QuotaCode: code, Value } }),
  }));
}

const GOOD = quotas({
  'L-F678F1CE': 5,
  'L-3032A538': 140,
  'L-DB2E81BA': 8,
  'L-417A185B': 0,
});

describeOnMoto('slipway doctor with containers', (moto) => {
  beforeEach(() => moto().reset());

  async function findings(stands: readonly Stand[], stage: string) {
    const parts = await containerParts(moto(), stage);
    const world = await installInMoto(moto(), stage, { containers: parts.outputs });
    await using front = await startFront(moto(), [...stands, ...accountAnswers()]);
    const { stdout } = await world.run(['doctor', '--json'], { AWS_ENDPOINT_URL: front.endpoint });
    const found: readonly Finding[] = JSON.parse(stdout);
    return Object.fromEntries(found.map((finding) => [finding.check, finding]));
  }

  it('finds what containers need, in one line for each', async () => {
    // Moto gives the roles that ECS makes other names.
    const iam = awsClient(IAMClient, moto());
    for (const RoleName of ['AWSServiceRoleForECS', 'AWSServiceRoleForECSCompute']) {
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}' }));
    }

    const found = await findings(GOOD, 'good');

    expect(CHECKS.map((check) => [check, found[check]?.result])).toEqual(
      CHECKS.map((check) => [check, 'ok']),
    );
    expect(found['Fargate']?.says).toBe('140 vCPUs at once');
    expect(found['GPUs']?.says).toBe('8 vCPUs of G and VT, 0 vCPUs of P');
  });

  it('tells what an account lacks, each with its fix', async () => {
    const few = quotas({ 'L-3032A538': 0, 'L-DB2E81BA': 0, 'L-417A185B': 0 });

    const found = await findings([...few, ...GOOD], 'few');

    expect(found).toMatchObject({
      Fargate: { result: 'fail', fix: expect.stringMatching(/Service Quotas, AWS Fargate/) },
      GPUs: { result: 'warn', fix: expect.stringMatching(/Only models on GPUs need them/) },
      'ECS role': { result: 'fail', fix: expect.stringMatching(/create-service-linked-role/) },
      'EC2 role': { result: 'warn', fix: expect.stringMatching(/ecs-compute\.amazonaws\.com/) },
    });
  });

  it('looks for none of it where the stack has no containers', async () => {
    const world = await installInMoto(moto(), 'off');
    await using front = await startFront(moto(), accountAnswers());

    const { stdout } = await world.run(['doctor', '--json'], { AWS_ENDPOINT_URL: front.endpoint });

    const found: readonly Finding[] = JSON.parse(stdout);
    expect(found.filter(({ check }) => CHECKS.includes(check))).toEqual([]);
  });
});
