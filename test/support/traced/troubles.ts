import {
  DeleteCapacityProviderCommand,
  DeleteClusterCommand,
  DeregisterTaskDefinitionCommand,
  DescribeCapacityProvidersCommand,
  ECSClient,
  ListServicesCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { DeleteAliasCommand, DeleteFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { TARGETS } from '#domain/placement/target.ts';
import { awsClient } from '../aws/clients.ts';
import { deploymentOf } from '../aws-world/scenarios.ts';
import type { Start } from '../worlds/memory-way.ts';
import { asked, type Place, placingOnGpu } from './containers.ts';
import { type Before, each, type TracedWorld } from './world.ts';

const CLUSTERS = { fargate: 'slipway-test', ec2: 'slipway-test-CPU' } as const;
const BETWEEN_SWEEPS_MS = 11 * 60_000;
// A crash at each look, and three are a failure.
const SWEEPS = 5;
const SCHEDULED = { 'detail-type': 'Scheduled Event', source: 'aws.events' };

const stopAt = (state: string): Before => ({ [state]: (stop) => stop() });

/** The steps' repairs of things that others broke, took away or left behind. */
export async function tracedTroubles(world: TracedWorld, place: Place): Promise<void> {
  await each([
    () => halfRetired(world, place),
    () => deadHolders(world, place),
    () => takenAway(world, place),
    () => removedNewest(world, place),
    () => alarmed(world, place),
    () => leftBehind(world, place),
  ]);
  await world.invoke('sweep', { ...SCHEDULED, detail: { touch: true } });
  for (let sweeps = 0; sweeps < SWEEPS; sweeps += 1) {
    await world.invoke('sweep', { ...SCHEDULED, detail: {} });
    world.clock.advance(BETWEEN_SWEEPS_MS);
  }
}

async function alarmed(world: TracedWorld, place: Place): Promise<void> {
  await world.run(await place('alarmed', 'lambda'));
  await world.run(await place('alarmed', 'lambda', { rollout: ', alarms: [bell]' }));
}

/** An execution that dies on its way; Step Functions says so. */
async function dead(world: TracedWorld, start: Start, before: Before): Promise<void> {
  await world.ended(await world.run(start, before));
}

/** One that nobody takes up any more. */
async function givenUp(world: TracedWorld, start: Start, before: Before): Promise<void> {
  await dead(world, start, before);
  const deploymentId = await deploymentOf(start);
  await world.registry.settle({ deploymentId, reason: 'given up', degraded: true });
}

/** A service that was already stopping when its revision is asked for again. */
async function halfRetired(world: TracedWorld, place: Place): Promise<void> {
  for (const target of ['fargate', 'ec2'] as const) {
    const model = `half-${target}`;
    const event = await place(model, target);
    const request = asked.rollback(model, 1);
    await dead(world, event, stopAt('DescribeCandidate'));
    await idle(world, CLUSTERS[target], `${model}-v1`);
    await world.run(event);
    await world.run(await place(model, target));
    await dead(world, request, stopAt('DescribeCandidate'));
    await idle(world, CLUSTERS[target], `${model}-v1`);
    await world.run(request);
  }
}

async function idle(world: TracedWorld, cluster: string, revision: string): Promise<void> {
  const ecs = awsClient(ECSClient, world.front);
  const { serviceArns = [] } = await ecs.send(new ListServicesCommand({ cluster }));
  const names = serviceArns.map((arn) => arn.split('/').at(-1) ?? '');
  for (const service of names.filter((name) => name.startsWith(`${revision}-`))) {
    const stop = new UpdateServiceCommand({ cluster, service, desiredCount: 0 });
    // One of those that ran before is still listed.
    await ecs.send(stop).catch((error: Error) => {
      if (error.name !== 'ServiceNotActiveException') throw error;
    });
  }
}

/** A lease whose holder has died, of each kind; and an undeployment that is taken up. */
async function deadHolders(world: TracedWorld, place: Place): Promise<void> {
  const model = 'held';
  await world.run(await place(model, 'lambda'));
  await world.run(await place(model, 'lambda'));
  await dead(world, asked.rollback(model, 1), stopAt('RestartVersion'));
  await world.run(await place(model, 'lambda'));
  await dead(world, asked.undeploy(model), stopAt('RemoveRoute'));
  await world.run(await place(model, 'lambda'));
  await world.run(asked.undeploy(model));
  await world.run(asked.undeploy(model, 'end-held-again'));
}

/** Versions that should start again although somebody took away their resources. */
async function takenAway(world: TracedWorld, place: Place): Promise<void> {
  const { prefix } = world.functions;
  const ecs = awsClient(ECSClient, world.front);
  const onGpu = placingOnGpu(world);
  for (const target of TARGETS) {
    const version = (gpu: string) =>
      target === 'ec2' ? onGpu('taken-ec2', gpu) : place(`taken-${target}`, target);
    await world.run(await version('T4'));
    // On another GPU, so that nothing runs any more in the cluster of the first.
    await world.run(await version('L4'));
  }
  await awsClient(LambdaClient, world.front).send(
    new DeleteFunctionCommand({ FunctionName: `${prefix}taken-lambda` }),
  );
  await world.run(asked.rollback('taken-lambda', 1));
  await world.run(asked.rollback('taken-lambda', 2));
  const taskDefinition = 'slipway-test-fargate-taken-fargate-v1:1';
  await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
  await world.run(asked.rollback('taken-fargate', 1));
  const cluster = 'slipway-test-T4';
  const look = new DescribeCapacityProvidersCommand({ cluster });
  for (const { name } of (await ecs.send(look)).capacityProviders ?? []) {
    await ecs.send(new DeleteCapacityProviderCommand({ capacityProvider: name, cluster }));
  }
  await ecs.send(new DeleteClusterCommand({ cluster }));
  await world.run(asked.rollback('taken-ec2', 1));
}

/** The newest version of a function is not the one that was live last, so a move to containers removes it. */
async function removedNewest(world: TracedWorld, place: Place): Promise<void> {
  const model = 'newest';
  await world.run(await place(model, 'lambda'));
  await world.run(await place(model, 'lambda'));
  await world.run(asked.rollback(model, 1));
  await world.run(await place(model, 'fargate', { rollout: ', keepVersions: 1' }));
}

/** The repairs of the sweep. */
async function leftBehind(world: TracedWorld, place: Place): Promise<void> {
  for (const target of TARGETS) {
    const model = `left-${target}`;
    await givenUp(world, await place(model, target), {
      JudgeBake: async (stop) => {
        await world.count({ revision: `${model}-v1`, target }, 1000, 900);
        stop();
      },
    });
  }
  await world.run(await place('orphaned', 'lambda'));
  await givenUp(world, await place('orphaned', 'lambda'), stopAt('CheckHealth'));
  await world.run(await place('strayed', 'lambda'));
  const FunctionName = `${world.functions.prefix}strayed`;
  const alias = new DeleteAliasCommand({ FunctionName, Name: 'live' });
  await awsClient(LambdaClient, world.front).send(alias);
  await world.run(await place('half-gone', 'lambda'));
  await givenUp(world, asked.undeploy('half-gone'), stopAt('RemoveRoute'));
  for (const target of ['fargate', 'ec2'] as const) {
    await world.run(await place(`crashing-${target}`, target));
    world.containers.turn(`crashing-${target}-v1`, 'crashes');
  }
}
