import {
  APIGatewayClient,
  CreateResourceCommand,
  PutMethodCommand,
} from '@aws-sdk/client-api-gateway';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { modelKey, recordIn } from '#adapters/aws/registry/dynamo-items.ts';
import type { ModelRecord } from '#domain/registry/write.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import { REQUEST } from '../aws-world/scenarios.ts';
import { machineArn } from '../aws-world/world.ts';
import { addConstantModel, unknownOperatorModel } from '../models/onnx.ts';
import { asked, placing, tracedContainers } from './containers.ts';
import { tracedPromotions } from './promotion.ts';
import { tracedTroubles } from './troubles.ts';
import { each, type TracedWorld, tracedWorld } from './world.ts';

const WRONG = `examples:\n  - request: ${JSON.stringify(REQUEST)}\n    expect: { outputs: [{ name: y, data: [0, 0] }] }\n`;
const KEY = `slw_${'x'.repeat(43)}`;
// Together with those before, one more than are kept startable: the last removes a version. Moto would give its number to the next.
const UPGRADES = 1;

/** Every way of the workflow on which a step calls AWS, and the work that runs beside it. Without `SLIPWAY_THOROUGH` each step works at least once, and a seed chooses a third of the troubles. */
export async function tracedRuns(moto: Moto): Promise<TracedWorld> {
  const world = await tracedWorld(moto);
  let constant = 0;
  const next = () => {
    constant += 1;
    return addConstantModel({ constant });
  };

  await halfRoute(moto, world);
  await world.run(await world.upload('shapes', next()));
  await world.run(await world.upload('shapes', next(), WRONG));
  await world.run(await world.upload('fresh', next()), { JudgeBake: () => breach(world, 'fresh') });
  await each([
    () => failedBuild(world, next()),
    () => broken(world),
    () => folders(world, next),
    () => deletedMeanwhile(world, next()),
    () => takenOver(world, next()),
    () => outlivedLease(world, next(), next()),
    () => overtaken(world, next(), next()),
  ]);
  for (let upgrade = 0; upgrade < UPGRADES; upgrade += 1) {
    await world.run(await world.upload('shapes', next()));
  }
  await keptRequests(world, next);
  await tracedPromotions(moto, world, { model: 'shapes', upload: next() });
  await backAndAway(world);
  const place = placing(world);
  await tracedContainers(world, place);
  await world.upload('lost', next());
  await tracedTroubles(world, place);
  await world.invoke('publishEvents', { Records: [] });
  await world
    .invoke('authorize', {
      methodArn: `arn:aws:execute-api:${AWS_REGION}:${AWS_ACCOUNT}:api/v1/POST/models/shapes/infer`,
      headers: { 'x-api-key': KEY },
      multiValueHeaders: { 'x-api-key': [KEY] },
    })
    .catch(() => undefined);
  return world;
}

/** The requests that name a model: a rollback to a kept version, and the end of a model. */
async function backAndAway(world: TracedWorld): Promise<void> {
  const [model, to, reason] = ['shapes', null, ''] as const;
  await world.run({ kind: 'rollback', deploymentId: 'rollback-shapes', model, to, reason });
  await world.run({ kind: 'undeploy', deploymentId: 'undeploy-fresh', model: 'shapes' });
}

/** A model that is compared by examples and by the requests that are kept, until it is undeployed. */
async function keptRequests(world: TracedWorld, next: () => Uint8Array): Promise<void> {
  const kept = async (more = '') =>
    world.run(await world.upload('kept', next(), `capture: { days: 1 }\n${more}`));
  const example = JSON.stringify({ request: REQUEST });
  await world.s3.put('models/kept/model.onnx.examples.jsonl', `${example}\n`);
  await kept();
  await kept();
  await world.run(asked.rollback('kept', 1));
  // The next deployment ends the keys of one that never went live.
  await kept(WRONG);
  await kept();
  await world.run(asked.undeploy('kept'));
}

async function failedBuild(world: TracedWorld, bytes: Uint8Array): Promise<void> {
  world.builds.failNext(['no space left on device']);
  await world.run(await world.upload('shapes', bytes, '{}'));
}

/** A route that somebody left without its integrations. */
async function halfRoute(moto: Moto, { api }: TracedWorld): Promise<void> {
  const client = awsClient(APIGatewayClient, moto);
  const place = { restApiId: api.id, parentId: api.modelsResource, pathPart: 'left' };
  const { id: resourceId } = await client.send(new CreateResourceCommand(place));
  for (const httpMethod of ['ANY', 'OPTIONS']) {
    const method = { restApiId: api.id, resourceId, httpMethod, authorizationType: 'NONE' };
    await client.send(new PutMethodCommand(method));
  }
}

/** The inspection of the first version, or of the one that would be the second. */
async function breach(world: TracedWorld, model: string): Promise<void> {
  for (const revision of (await world.versions(model)).slice(-1)) {
    await world.count({ revision: String(revision), target: 'lambda' }, 1000, 900);
  }
}

async function broken(world: TracedWorld): Promise<void> {
  await world.run(await world.upload('broken', unknownOperatorModel()));
}

async function folders(world: TracedWorld, next: () => Uint8Array): Promise<void> {
  await world.run(await folder(world, next()));
  await world.run(await world.upload('folder', next()), {
    JudgeBake: () => breach(world, 'folder'),
  });
}

async function folder({ s3 }: TracedWorld, bytes: Uint8Array): Promise<ObjectCreated> {
  await s3.put('models/folder/v1/model.onnx', bytes);
  const key = 'models/folder/v1/model.yaml';
  const object = { key, 'version-id': await s3.put(key, ''), sequencer: '01' };
  return { detail: { bucket: { name: s3.bucket }, object } };
}

async function deletedMeanwhile(world: TracedWorld, bytes: Uint8Array): Promise<void> {
  const event = await world.upload('gone', bytes);
  const { bucket, object } = event.detail;
  const version = { Bucket: bucket.name, Key: object.key, VersionId: object['version-id'] };
  await world.run(event, {
    InspectArtifact: () => world.s3.client().send(new DeleteObjectCommand(version)),
  });
}

/** An execution that dies, is asked after while Step Functions still holds it for running, and is replaced by another of the same event. */
async function takenOver(world: TracedWorld, bytes: Uint8Array): Promise<void> {
  const event = await world.upload('shapes', bytes);
  const dead = await world.run(event, { PlanBuild: (stop) => stop() });
  await world.invoke('sweep', statusChange(dead));
  await world.ended(dead);
  await world.run(event);
}

/** A dead holder whose lease has run out, and the next deployment. */
async function outlivedLease(
  world: TracedWorld,
  first: Uint8Array,
  second: Uint8Array,
): Promise<void> {
  const dead = await world.run(await world.upload('shapes', first), {
    PlanBuild: (stop) => stop(),
  });
  await world.ended(dead);
  const dynamo = world.dynamo();
  const place = { TableName: world.table, Key: modelKey('shapes') };
  const { Item = {} } = await dynamo.send(new GetItemCommand(place));
  const record = recordIn<ModelRecord>(Item);
  const holder = { ...record.lease.holder, leaseUntilMs: 0 };
  const late = JSON.stringify({ ...record, lease: { ...record.lease, holder } });
  await dynamo.send(
    new PutItemCommand({ TableName: world.table, Item: { ...Item, record: { S: late } } }),
  );
  await world.run(await world.upload('shapes', second));
  await world.invoke('sweep', statusChange(dead));
}

/** A deployment that has its turn after a newer one went live. */
async function overtaken(world: TracedWorld, first: Uint8Array, second: Uint8Array): Promise<void> {
  await world.run(await world.upload('shapes', first), {
    AcquireLease: async () => void (await world.run(await world.upload('shapes', second))),
  });
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
function statusChange(executionArn: string): object {
  const detail = {
    executionArn,
    stateMachineArn: machineArn('deploy'),
    status: 'ABORTED',
    error: null,
    cause: null,
  };
  return scheduled('aws.states', 'Step Functions Execution Status Change', detail);
}

function scheduled(source: string, type: string, detail: object): object {
  return {
    version: '0',
    source,
    'detail-type': type,
    account: AWS_ACCOUNT,
    region: AWS_REGION,
    detail,
  };
}
