import { createRequire } from 'node:module';
import { CreateClusterCommand, ECSClient } from '@aws-sdk/client-ecs';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { SERVICE_ROLES } from '#operations/account/service-roles.ts';
import { AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { awsRules } from '../support/aws/rules/rules.ts';
import { serviceRoleRules } from '../support/aws/rules/service-roles.ts';
import { startFront } from './cli-front.ts';

const serviceRoles = createRequire(import.meta.url)('../../infra/service-roles.cjs');
const SERVICES = SERVICE_ROLES.map(({ service }) => service).toSorted();

describeOnMoto('the roles of services', (moto) => {
  beforeEach(() => moto().reset());

  const makeCluster = (endpoint = moto().endpoint) => {
    const iam = awsClient(IAMClient, { endpoint });
    const ecs = awsClient(ECSClient, { endpoint }, awsRules(serviceRoleRules(iam)));
    const capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    return ecs.send(new CreateClusterCommand({ clusterName: 'slipway-test', capacityProviders }));
  };

  it('are made before the stack, so that ECS makes its cluster in a new account', async () => {
    await expect(makeCluster()).rejects.toThrow('Unable to assume the service linked role');

    await deploy(moto(), 'public');

    await expect(made(moto())).resolves.toEqual(SERVICES);
    await expect(makeCluster()).resolves.toMatchObject({ cluster: { status: 'ACTIVE' } });
  });

  it('are not needed where there are no containers', async () => {
    await deploy(moto(), 'off');

    await expect(made(moto())).resolves.toEqual([]);
  });

  it('may be there already, also when somebody made them a moment ago', async () => {
    const taken =
      'Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.';
    await using front = await refusing(400, 'InvalidInput', taken);

    await expect(deploy(front, 'public')).resolves.toBeUndefined();
  });

  it('are asked of somebody else where the caller may not make them', async () => {
    await using front = await refusing(403, 'AccessDenied', 'not authorized');

    const refusal = await deploy(front, 'public').catch((error) => error);

    expect(refusal.message).toMatch(
      /AWSServiceRoleForECS cannot be created: .*create-service-linked-role --aws-service-name ecs\.amazonaws\.com/,
    );
    expect(refusal.code).toBe('SERVICE_ROLES');
  });

  it('are not made by an IAM that says something else, in its own words', async () => {
    await using front = await refusing(400, 'InvalidInput', 'no such service');

    await expect(deploy(front, 'public')).rejects.toThrow(/^no such service$/);
  });

  const refusing = (status: number, code: string, message: string) =>
    startFront(moto(), [
      {
        calls: /Action=CreateServiceLinkedRole/,
        status,
        body: `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      },
    ]);
});

/** Stands for the class of osls: a message and a code. */
class Refusal extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Runs the hook that osls runs before a deploy whose template has this value. */
async function deploy({ endpoint }: Pick<Moto, 'endpoint'>, containers: string): Promise<void> {
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
  const settings = { endpoint, region: AWS_REGION, credentials };
  const Parameters = { Containers: { Default: containers } };
  const { hooks } = serviceRoles({
    classes: { Error: Refusal },
    service: { provider: { compiledCloudFormationTemplate: { Parameters } } },
    getProvider: (name: string) => ({ aws: { getAwsSdkV3Config: async () => settings } })[name],
  });
  await hooks['before:aws:deploy:deploy:createStack']();
}

/** The services that have a role; moto does not know all their names. */
async function made(moto: Moto): Promise<readonly string[]> {
  const iam = awsClient(IAMClient, moto);
  const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: '/aws-service-role/' }));
  return (Roles ?? []).map(({ Path }) => String(Path?.split('/')[2])).toSorted();
}
