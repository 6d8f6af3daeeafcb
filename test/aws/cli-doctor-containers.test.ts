import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { SERVICE_ROLES } from '#operations/account/service-roles.ts';
import type { Finding } from '#operations/doctor/doctor.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { containerParts } from './cli-containers.ts';
import { accountAnswers, GOOD_QUOTAS, quotas, type Stand, startFront } from './cli-front.ts';
import { installInMoto } from './cli-world.ts';

const CHECKS = ['networks', 'Fargate', 'GPUs', 'service roles', 'rules', 'addresses'];

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
    for (const { name: RoleName } of SERVICE_ROLES) {
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: '{}' }));
    }

    const found = await findings(GOOD_QUOTAS, 'good');

    expect(CHECKS.map((check) => [check, found[check]?.result])).toEqual(
      CHECKS.map((check) => [check, 'ok']),
    );
    expect(found['Fargate']?.says).toBe('140 vCPUs at once');
    expect(found['GPUs']?.says).toBe('8 vCPUs of G and VT, 0 vCPUs of P');
  });

  it('tells what an account lacks, each with its fix', async () => {
    const few = quotas({ 'L-3032A538': 0, 'L-DB2E81BA': 0, 'L-417A185B': 0 });

    const found = await findings([...few, ...GOOD_QUOTAS], 'few');

    expect(found).toMatchObject({
      Fargate: { result: 'fail', fix: expect.stringMatching(/Service Quotas, AWS Fargate/) },
      GPUs: { result: 'warn', fix: expect.stringMatching(/Only models on GPUs need them/) },
      'service roles': {
        result: 'fail',
        fix: expect.stringMatching(/ecs-compute\.amazonaws\.com/),
      },
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
