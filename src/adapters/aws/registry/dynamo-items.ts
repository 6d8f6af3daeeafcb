import type { RuntimeName } from '#domain/build/runtime.ts';
import type { Judgement } from '#domain/comparison/judgement.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import type { Change, DeploymentRecord, ModelRecord } from '#domain/registry/write.ts';
import type { Row } from './dynamo-query.ts';
import type { Key, Write } from './dynamo-table.ts';
import { padded, rangeOf, startOf } from './event-numbers.ts';

/** A record as it was read: `rev` counts its writes, 0 when it did not exist. */
export type Seen<Record> = {
  readonly key: Key;
  readonly rev: number;
  readonly record: Record | undefined;
};

/** The basis of a write's decision. `admitted` is a number that no other deployment has, `counter` numbers the model's events. */
export type Snapshot = {
  readonly deployment: Seen<DeploymentRecord> & { readonly admitted: number | undefined };
  readonly model: Seen<ModelRecord> | undefined;
  readonly version: Seen<ModelVersion> | undefined;
  readonly counter: Counter;
};

/** `rev` is the number of the last event that it has numbered, 0 when there is none; `last` is that number, or the one before its first. */
export type Counter = { readonly key: Key; readonly rev: number; readonly last: number };

const DAY_SECONDS = 86_400;
const EVENT_DAYS = 90;
const START_DAYS = 365;
// An item's limit of 400 KB includes the names and values of all its attributes. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const MAX_RECORD_BYTES = 400 * 1024 - 2048;

export const MODELS = 'MODELS';
export const UNENDED = 'UNENDED';
export const OUTBOX = 'OUTBOX';

/** The counter of a model's events, which other models may share. */
export const counterKey = (model: string) => key('COUNTER', `EVENTS#${rangeOf(model)}`);
/** The orphaned resources, with the time at which each was first seen. */
export const SIGHTINGS = key('SIGHTINGS', '-');
export const deploymentKey = (id: string) => key(`DEPLOYMENT#${id}`, 'RECORD');
export const modelKey = (name: string) => key(MODELS, `MODEL#${name}`);
export const versionsOf = (model: string) => `VERSIONS#${model}`;
export const versionKey = (model: string, version: number) =>
  key(versionsOf(model), padded(version));

export const judgementKey = (model: string, pair: string) => key(`JUDGEMENTS#${model}`, pair);

export const startsOf = (runtime: RuntimeName) => `STARTS#${runtime}`;

/** The partitions that hold an event: the log, and copies by model and by deployment, so that neither query reads the whole log. */
export const eventPartitions = {
  all: 'EVENTS',
  ofModel: (model: string) => `EVENTS#MODEL#${model}`,
  ofDeployment: (id: string) => `EVENTS#DEPLOYMENT#${id}`,
};

export function key(pk: string, sk: string): Key {
  return { pk: { S: pk }, sk: { S: sk } };
}

export function seen<Record>(key: Key, row: Row | undefined): Seen<Record> {
  return { key, rev: numberIn(row, 'rev') ?? 0, record: row && recordIn(row) };
}

export function recordIn<Record>(row: Row): Record {
  return JSON.parse(row['record']?.S ?? '');
}

/** For a write without an event. */
export const NO_COUNTER: Counter = { key: key('COUNTER', '-'), rev: 0, last: 0 };

export function counterIn(model: string, row: Row | undefined): Counter {
  const rev = numberIn(row, 'rev') ?? 0;
  return { key: counterKey(model), rev, last: rev || startOf(rangeOf(model)) };
}

export function numberIn(row: Row | undefined, attribute: string): number | undefined {
  const value = row?.[attribute]?.N;
  return value === undefined ? undefined : Number(value);
}

/**
 * The change as one transaction, conditional on every record that was read being unchanged.
 * Every event increments its model's counter in the same transaction, so the events of a counter are numbered in write order and none appears late; the price is that writes with an event are serialised across the models that share it.
 */
export function writesOf(snapshot: Snapshot, change: Change<unknown>, nowMs: number): Write[] {
  const { deployment, model, version, event, judgement, start } = change;
  if (!deployment && !model && !version && !event && !judgement) return [];
  const admitted = snapshot.deployment.admitted ?? snapshot.counter.last + 1;
  return [
    recordWrite(snapshot.deployment, deployment, { admitted: { N: String(admitted) } }),
    ...(snapshot.model ? [recordWrite(snapshot.model, model)] : []),
    ...versionWrites(snapshot.version, version),
    ...unendedWrites(snapshot.deployment.record, deployment, admitted),
    ...(judgement ? [judgementWrite(judgement)] : []),
    ...(start ? [startWrite(start)] : []),
    ...(event ? eventWrites(event, snapshot.counter, nowMs) : []),
  ];
}

function recordWrite<Record>(
  { key: where, rev }: Seen<Record>,
  record: Record | undefined,
  more: Row = {},
): Write {
  if (record === undefined) return { kind: 'check', key: where, rev };
  const row = { ...where, record: json(record, where), rev: { N: String(rev + 1) }, ...more };
  return { kind: 'put', row, rev };
}

/** A version that was not read is new. */
function versionWrites(
  known: Seen<ModelVersion> | undefined,
  version: ModelVersion | undefined,
): Write[] {
  if (known) return [recordWrite(known, version)];
  if (!version) return [];
  const where = versionKey(version.model, version.version);
  return [recordWrite({ key: where, rev: 0, record: undefined }, version)];
}

/** The newest one counts, and only the holder of the model's lease writes one. */
function judgementWrite(judgement: Judgement): Write {
  const where = judgementKey(judgement.model, judgement.pair);
  return { kind: 'put', row: { ...where, record: json(judgement, where) } };
}

/** In the order of time. */
function startWrite(start: NotedStart): Write {
  const where = key(startsOf(start.runtime), `${padded(start.atMs)}#${start.deploymentId}`);
  const expiresAt = secondsAfter(start.atMs, START_DAYS);
  return { kind: 'put', row: { ...where, record: json(start, where), expiresAt } };
}

/** As DynamoDB reads when an item expires. */
function secondsAfter(atMs: number, days: number): { readonly N: string } {
  return { N: String(Math.floor(atMs / 1000) + days * DAY_SECONDS) };
}

function unendedWrites(
  before: DeploymentRecord | undefined,
  after: DeploymentRecord | undefined,
  admitted: number,
): Write[] {
  if (!after) return [];
  const { id, endedAtMs } = after.deployment;
  const where = key(UNENDED, padded(admitted));
  if (endedAtMs !== null) return before ? [{ kind: 'remove', key: where }] : [];
  return before ? [] : [{ kind: 'put', row: { ...where, deploymentId: { S: id } } }];
}

function eventWrites(event: SlipwayEvent, counter: Counter, nowMs: number): Write[] {
  const { model, deploymentId, eventId } = event.detail;
  const number = counter.last + 1;
  const expiresAt = secondsAfter(nowMs, EVENT_DAYS);
  const { all, ofModel, ofDeployment } = eventPartitions;
  const record = json(event, key(all, padded(number)));
  const logged = [all, ofModel(model), ofDeployment(deploymentId)].map(
    (pk): Write => ({ kind: 'put', row: { ...key(pk, padded(number)), record, expiresAt } }),
  );
  const outbox = { ...key(OUTBOX, padded(number)), record, eventId: { S: eventId } };
  return [
    ...logged,
    { kind: 'put', row: outbox },
    { kind: 'put', row: { ...counter.key, rev: { N: String(number) } }, rev: counter.rev },
  ];
}

function json(record: unknown, { pk, sk }: Key): { readonly S: string } {
  const text = JSON.stringify(record);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_RECORD_BYTES) return { S: text };
  throw new Failure(
    'InputInvalid',
    `the record ${pk.S}/${sk.S} is ${bytes} bytes; DynamoDB holds ${MAX_RECORD_BYTES}`,
    { fix: "Shorten the model's manifest and its examples." },
  );
}
