import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';
import { eventPartitions, key, OUTBOX, padded, recordIn } from './dynamo-items.ts';
import type { Row } from './dynamo-query.ts';
import type { DynamoTable } from './dynamo-table.ts';

/** The registry's events. An unpublished event is in the outbox, and leaves it when it is published. */
export function dynamoEvents(
  table: DynamoTable,
): Pick<Registry, 'events' | 'newestEvents' | 'unpublished' | 'markPublished'> {
  return {
    async events(query) {
      const { limit, model } = query;
      const position = { pk: partitionOf(query), after: positionOf(query.after), limit };
      const rows = await table.all(position);
      const events = rows.map((row) => ({
        cursor: String(Number(row['sk']?.S)),
        event: recordIn<SlipwayEvent>(row),
      }));
      return {
        events: events.filter(({ event }) => model === undefined || event.detail.model === model),
      };
    },

    async newestEvents(limit) {
      const rows = await table.all({ pk: eventPartitions.all, isNewestFirst: true, limit });
      return rows.map((row) => recordIn(row));
    },

    async unpublished(limit) {
      const rows = await table.all({ pk: OUTBOX, limit });
      return rows.map((row) => recordIn(row));
    },

    async markPublished(eventIds) {
      const wanted = new Set(eventIds);
      const published: Row[] = [];
      for await (const row of table.rows({ pk: OUTBOX })) {
        if (wanted.delete(row['eventId']?.S ?? '')) published.push(row);
        if (wanted.size === 0) break;
      }
      await Promise.all(published.map((row) => table.remove(key(OUTBOX, row['sk']?.S ?? ''))));
    },
  };
}

/** All events of a deployment belong to one model. */
function partitionOf({ model, deploymentId }: EventQuery): string {
  if (deploymentId !== undefined) return eventPartitions.ofDeployment(deploymentId);
  return model === undefined ? eventPartitions.all : eventPartitions.ofModel(model);
}

function positionOf(cursor: string): string {
  if (/^\d{0,15}$/.test(cursor)) return cursor && padded(Number(cursor));
  throw new Failure('InputInvalid', `\`${cursor}\` is not an event cursor`);
}
