import { serviceRoleRules } from '../aws/rules/service-roles.ts';
import { ruled } from './ruled.ts';

const FARGATE = { capacityProviders: ['FARGATE'] };

describe.each(['CreateCluster', 'PutClusterCapacityProviders'])('%s', (command) => {
  const asked = (input: object, answer: (PathPrefix: string) => object) => {
    const iam = { send: async (list: never) => answer((list as Listing).input.PathPrefix) };
    return ruled(serviceRoleRules(iam as never), `ECS.${command}`, input);
  };
  type Listing = { readonly input: { readonly PathPrefix: string } };

  it('asks for no role where it has no capacity providers', async () => {
    expect(await asked({}, () => ({}))).toBeUndefined();
  });

  it.each([{}, { Roles: [] }])('is refused in an account whose roles are %j', async (answer) => {
    expect(await asked(FARGATE, () => answer)).toBe('InvalidParameterException');
  });

  it('is taken where ECS has its role, and no other service', async () => {
    const rolesOf = (service: string) => (PathPrefix: string) => ({
      Roles: PathPrefix === `/aws-service-role/${service}/` ? [{}] : [],
    });

    expect(await asked(FARGATE, rolesOf('ecs.amazonaws.com'))).toBeUndefined();
    expect(await asked(FARGATE, rolesOf('spot.amazonaws.com'))).toBe('InvalidParameterException');
  });
});
