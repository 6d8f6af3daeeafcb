import { ecsManaged } from '../aws/rules/ecs-managed.ts';
import { type Answers, ruled } from './ruled.ts';

const CLUSTER = 'slipway-test-T4';
const MADE = {
  name: 'gpu',
  cluster: CLUSTER,
  tags: [{ key: 'slipway:stage', value: 'test' }],
  managedInstancesProvider: { infrastructureRoleArn: 'arn' },
};

/** An account with providers, of which services use some. */
function account(used: readonly string[] = []) {
  const { rules, providers } = ecsManaged(() => used);
  const asked = (command: string, input: object, answers: Answers = {}) =>
    ruled(rules, `ECS.${command}`, input, { answers });
  const make = (over: object = {}, statuses: readonly string[] | undefined = ['ACTIVE']) =>
    asked(
      'CreateCapacityProvider',
      { ...MADE, ...over },
      {
        DescribeClusters(input: object) {
          expect(input).toEqual({ clusters: [{ ...MADE, ...over }.cluster] });
          return statuses.length > 0 ? { clusters: statuses.map((status) => ({ status })) } : {};
        },
      },
    );
  const look = async (input: object) => {
    const shown = await asked('DescribeCapacityProviders', input);
    return (shown as { capacityProviders: readonly object[] }).capacityProviders;
  };
  return { asked, make, look, providers };
}

describe('a capacity provider of managed instances', () => {
  it('is made in a cluster that is there', async () => {
    const { make, providers } = account();

    expect(await make()).toEqual({ capacityProvider: { ...MADE, status: 'PROVISIONING' } });
    expect(await make({ name: 'second' }, ['INACTIVE', 'ACTIVE'])).toBeInstanceOf(Object);
    expect(providers()).toEqual(['gpu', 'second']);
  });

  it.each([[['INACTIVE']], [[]]])('is refused in one that is %j', async (statuses) => {
    const { make, providers } = account();

    expect(await make({}, statuses)).toBe('ClusterNotFoundException');
    expect(providers()).toEqual([]);
  });

  it('has a name of its own', async () => {
    const { make } = account();
    await make();

    expect(await make({ cluster: 'other' })).toBe('ClientException');
  });

  it('is active at the second look', async () => {
    const { make, look } = account();
    await make();

    const [first, second] = [await look({ cluster: CLUSTER }), await look({ cluster: CLUSTER })];

    expect(first).toEqual([{ ...MADE, status: 'PROVISIONING' }]);
    expect(second).toEqual([{ ...MADE, status: 'ACTIVE' }]);
  });

  it('is found in its cluster, by its name or among all', async () => {
    const { make, look } = account();
    await make();
    await make({ name: 'other' });
    const names = async (input: object) =>
      (await look(input)).map((each) => (each as typeof MADE).name);

    expect(await names({ cluster: CLUSTER })).toEqual(['gpu', 'other']);
    expect(await names({ cluster: CLUSTER, capacityProviders: ['other'] })).toEqual(['other']);
    expect(await names({ cluster: 'elsewhere', capacityProviders: ['gpu'] })).toEqual([]);
  });

  it('is deleted once, and stays while a service uses it', async () => {
    const used = ['gpu'];
    const { make, asked, providers } = account(used);
    await make();
    const remove = () => asked('DeleteCapacityProvider', { capacityProvider: 'gpu' });

    expect(await remove()).toBe('ClientException');
    expect(providers()).toEqual(['gpu']);
    used.pop();
    expect(await remove()).toEqual({});
    expect(providers()).toEqual([]);
    expect(await remove()).toBe('ClientException');
  });
});

describe('the providers of a cluster', () => {
  it.each([
    [['FARGATE', 'gpu', 'more'], undefined],
    [['FARGATE', 'gpu'], 'ResourceInUseException'],
  ])('become %j where nothing uses the rest: %s', async (capacityProviders, outcome) => {
    const { asked } = account(['gpu', 'more']);

    expect(await asked('PutClusterCapacityProviders', { capacityProviders })).toBe(outcome);
  });

  it('keep it from being deleted, and no other', async () => {
    const { make, asked } = account();
    await make({ name: 'other', cluster: 'other' });
    await make();
    const remove = (cluster: string) => asked('DeleteCluster', { cluster });

    expect(await remove(CLUSTER)).toBe('ClusterContainsCapacityProviderException');
    expect(await remove('empty')).toBeUndefined();
  });
});
