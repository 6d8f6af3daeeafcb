import { setTimeout as sleep } from 'node:timers/promises';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { Failure } from '#domain/failure.ts';
import type { Change, DeploymentRecord, RegistryWrite } from '#domain/registry/write.ts';
import type { Clock } from '#ports/clock.ts';
import {
  type Counter,
  counterIn,
  counterKey,
  deploymentKey,
  modelKey,
  NO_COUNTER,
  numberIn,
  recordIn,
  type Snapshot,
  seen,
  versionKey,
  writesOf,
} from './dynamo-items.ts';
import type { DynamoTable, Key } from './dynamo-table.ts';

const ATTEMPTS = 12;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 300;

/** Reads, decides, and writes on condition that nothing it read has changed; otherwise reads and decides again. */
export function dynamoWrite(table: DynamoTable, clock: Clock) {
  return async <Answer>(wanted: RegistryWrite<Answer>): Promise<Answer> => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const change = await unlessRaced(() => writeOnce(table, wanted, clock.now()));
      if (change) return change.answer;
      await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt));
    }
    throw new Failure(
      'PlatformThrottled',
      `deployment ${wanted.deploymentId}: other writes came first, ${ATTEMPTS} times in a row`,
    );
  };
}

async function writeOnce<Answer>(
  table: DynamoTable,
  wanted: RegistryWrite<Answer>,
  nowMs: number,
): Promise<Change<Answer>> {
  const snapshot = await read(table, wanted);
  const { deployment, model, version } = snapshot;
  const change = wanted.decide(
    { deployment: deployment.record, model: model?.record, version: version?.record },
    nowMs,
  );
  const writes = writesOf({ ...snapshot, counter: await counterOf(table, change) }, change, nowMs);
  if (writes.length > 0) await table.writeTogether(writes);
  return change;
}

/** Read after the decision, which does not depend on it: every concurrent write of a model that shares it changes it. */
async function counterOf(table: DynamoTable, { event }: Change<unknown>): Promise<Counter> {
  if (!event) return NO_COUNTER;
  const { model } = event.detail;
  return counterIn(model, await table.get(counterKey(model)));
}

async function read(
  table: DynamoTable,
  wanted: RegistryWrite<unknown>,
): Promise<Omit<Snapshot, 'counter'>> {
  const own = deploymentKey(wanted.deploymentId);
  const name = wanted.model ?? (await modelOf(table, own));
  const model = name === undefined ? undefined : modelKey(name);
  const version =
    name === undefined || wanted.version === undefined
      ? undefined
      : versionKey(name, wanted.version);
  const keys = [own, model, version].filter((key) => key !== undefined);
  const rows = await table.getTogether(keys);
  // It was admitted in between, and its model has not been read yet.
  if (rows[0] && name === undefined) return read(table, wanted);
  return {
    deployment: { ...seen(own, rows[0]), admitted: numberIn(rows[0], 'admitted') },
    model: model && seen(model, rows[1]),
    version: version && seen(version, rows[2]),
  };
}

/** The model never changes, so it may be read before the rest. */
async function modelOf(table: DynamoTable, key: Key): Promise<string | undefined> {
  const row = await table.get(key);
  return row && recordIn<DeploymentRecord>(row).deployment.model;
}

const RACED = ['ConditionalCheckFailed', 'TransactionConflict'];
const THROTTLED = ['ProvisionedThroughputExceeded', 'ThrottlingError'];

/** Undefined when a concurrent write came first, which DynamoDB reports as a code for each part of the transaction. */
async function unlessRaced<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof TransactionCanceledException)) throw cause;
    const codes = (cause.CancellationReasons ?? []).map(({ Code }) => Code ?? '');
    if (codes.some((code) => RACED.includes(code))) return undefined;
    if (!codes.some((code) => THROTTLED.includes(code))) throw cause;
    throw new Failure('PlatformThrottled', `${cause.name}: ${cause.message}`, { cause });
  }
}
