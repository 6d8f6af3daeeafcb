import type { SlipwayEvent } from '#domain/event.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';
import { eventPartitions, key, OUTBOX, recordIn } from './dynamo-items.ts';
import type { Row } from './dynamo-query.ts';
import type { DynamoTable } from './dynamo-table.ts';
import {
  advanced,
  afterIn,
  betweenIn,
  cursorOf,
  isAfter,
  mergedByTime,
  type Numbered,
  type Position,
  positionOf,
  RANGES,
} from './event-numbers.ts';

/** The registry's events. An unpublished event is in the outbox, and leaves it when it is published. */
export function dynamoEvents(
  table: DynamoTable,
): Pick<Registry, 'events' | 'newestEvents' | 'unpublished' | 'markPublished'> {
  /** The first of each range, so that no event of one range keeps those of another waiting. */
  async function oldest(pk: string, limit: number, after: Position = []) {
    const ranges = await Promise.all(
      RANGES.map((range) => {
        const between = betweenIn(range, afterIn(after, range));
        return table.all({ pk, limit, between });
      }),
    );
    return mergedByTime(
      ranges.map((rows) => rows.map(numbered)),
      limit,
    );
  }

  /** The events of one model have one counter; those of a release before had another, whose numbers are lower. */
  async function ofOne(pk: string, limit: number, after: Position) {
    const found: Numbered[] = [];
    for await (const row of table.rows({ pk })) {
      const each = numbered(row);
      if (isAfter(each.number, after)) found.push(each);
      if (found.length === limit) break;
    }
    return found;
  }

  return {
    async events(query) {
      const { limit, model, after } = query;
      const begin = positionOf(after);
      const pk = partitionOf(query);
      const isAll = pk === eventPartitions.all;
      const found = await (isAll ? oldest(pk, limit, begin) : ofOne(pk, limit, begin));
      let position = begin;
      const events = found.map(({ number, event }) => {
        position = advanced(position, number);
        return { cursor: cursorOf(position), event };
      });
      return {
        events: events.filter(({ event }) => model === undefined || event.detail.model === model),
      };
    },

    async newestEvents(limit) {
      const ranges = await Promise.all(
        RANGES.map((range) =>
          table.all({
            pk: eventPartitions.all,
            isNewestFirst: true,
            limit,
            between: betweenIn(range),
          }),
        ),
      );
      const oldestFirst = ranges.map((rows) => rows.map(numbered).toReversed());
      const merged = mergedByTime(oldestFirst, Number.POSITIVE_INFINITY);
      return merged
        .slice(-limit)
        .toReversed()
        .map(({ event }) => event);
    },

    async unpublished(limit) {
      return (await oldest(OUTBOX, limit)).map(({ event }) => event);
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

function numbered(row: Row): Numbered {
  return { number: Number(row['sk']?.S), event: recordIn<SlipwayEvent>(row) };
}

/** All events of a deployment belong to one model. */
function partitionOf({ model, deploymentId }: EventQuery): string {
  if (deploymentId !== undefined) return eventPartitions.ofDeployment(deploymentId);
  return model === undefined ? eventPartitions.all : eventPartitions.ofModel(model);
}
