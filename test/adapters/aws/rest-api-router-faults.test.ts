import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { type AwsFault, awsFault } from '../../support/aws-faults.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { persist } from '../../support/persist.ts';
import { restApiRouterWorld } from '../../support/rest-api-router-world.ts';

const FIRST = { 'digits-v1': 100 };
const SECOND = { 'digits-v2': 90, 'digits-v1': 10 };
const FAULTS: readonly AwsFault[] = ['throttled', 'broken', 'reply lost'];

type Service = 'lambda' | 'apiGateway' | 'dynamo';
const CALLS = (
  [
    { deed: 'a first route', service: 'lambda', command: 'GetAlias' },
    { deed: 'a first route', service: 'lambda', command: 'CreateAlias' },
    { deed: 'a first route', service: 'lambda', command: 'AddPermission' },
    { deed: 'a first route', service: 'dynamo', command: 'UpdateItem' },
    { deed: 'a first route', service: 'apiGateway', command: 'GetStage' },
    { deed: 'a first route', service: 'apiGateway', command: 'GetDeployment' },
    { deed: 'a first route', service: 'apiGateway', command: 'GetResources' },
    { deed: 'a first route', service: 'apiGateway', command: 'CreateResource' },
    { deed: 'a first route', service: 'apiGateway', command: 'PutMethod' },
    { deed: 'a first route', service: 'apiGateway', command: 'PutIntegration' },
    { deed: 'a first route', service: 'apiGateway', command: 'CreateDeployment' },
    { deed: 'a shift', service: 'lambda', command: 'UpdateAlias' },
    { deed: 'a removal', service: 'apiGateway', command: 'DeleteResource' },
    { deed: 'a removal', service: 'apiGateway', command: 'CreateDeployment' },
    { deed: 'a removal', service: 'lambda', command: 'RemovePermission' },
    { deed: 'a removal', service: 'lambda', command: 'DeleteAlias' },
  ] as const
).flatMap((call) => FAULTS.map((fault) => ({ ...call, fault })));

describeOnMoto('restApiRouter on moto', (moto) => {
  /** A router with a fault between it and AWS, and how often that befell. */
  async function open(service: Service, command: string, fault: AwsFault, times: number) {
    const world = await restApiRouterWorld(moto());
    let count = () => 0;
    const outer = (client: LambdaClient | APIGatewayClient) => {
      count = awsFault(client, command, fault, times).count;
    };
    const faulty = world.routerOver(
      service === 'lambda'
        ? { lambda: world.lambda({ maxAttempts: 1, outer }) }
        : service === 'apiGateway'
          ? { apiGateway: world.apiGateway(outer) }
          : { dynamo: dynamo(world, command, fault, times, (counted) => (count = counted)) },
    );
    return { ...world, faulty, count: () => count() };
  }

  it.each(CALLS)('$deed comes out the same when its $command is $fault once', async (call) => {
    const { deed, service, command, fault } = call;
    const { router, faulty, count, close } = await open(service, command, fault, 1);
    if (deed !== 'a first route') await router.setShares('digits', FIRST, {});

    const done = { 'a first route': FIRST, 'a shift': SECOND, 'a removal': {} }[deed];
    const expected = deed === 'a first route' ? {} : FIRST;
    await persist(() =>
      deed === 'a removal' ? faulty.remove('digits') : faulty.setShares('digits', done, expected),
    );

    expect(count()).toBe(1);
    expect(await router.shares('digits')).toEqual(done);
    expect(await router.verify('digits', done)).toEqual({ kind: 'verified' });
    await close();
  });

  it.each([
    { fault: 'throttled', name: 'PlatformThrottled' },
    { fault: 'broken', name: 'PlatformUnavailable' },
    { fault: 'reply lost', name: 'PlatformUnavailable' },
    { fault: 'denied', name: 'PlatformDenied' },
  ] as const)('a verification that is $fault fails with $name', async ({ fault, name }) => {
    const { faulty, router, close } = await open('apiGateway', 'GetStage', fault, 99);
    await router.setShares('digits', FIRST, {});

    await expect(faulty.verify('digits', FIRST)).rejects.toMatchObject({ name });
    await close();
  });
});

type World = Awaited<ReturnType<typeof restApiRouterWorld>>;

function dynamo(
  world: World,
  command: string,
  fault: AwsFault,
  times: number,
  counting: (count: () => number) => void,
) {
  const { client, count } = awsFault(
    world.dynamo(undefined, { maxAttempts: 1 }),
    command,
    fault,
    times,
  );
  counting(count);
  return client;
}
