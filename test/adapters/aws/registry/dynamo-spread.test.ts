import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { type DynamoWorld, dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { asBefore, rowsOf } from '../../../support/aws/table-before.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { idOf, START_MS, upload } from '../../../support/worlds/registry.ts';

describeOnMoto('the registry’s table of a release that had one counter', (moto) => {
  let world: DynamoWorld;
  const clock = fakeClock(START_MS);
  const registry = () => dynamoRegistry({ client: world.client(), table: world.table, clock });
  const idsOf = (events: readonly { event: { detail: { deploymentId: string } } }[]) =>
    events.map(({ event }) => event.detail.deploymentId);
  beforeEach(async () => {
    world = dynamoWorld(moto());
    for (const n of [1, 2]) await registry().admit(upload(n));
    await asBefore(world.client(), world.table);
  });

  it('keeps its events before those that are written now, also for who followed them', async () => {
    const { events: old } = await registry().events({ after: '', limit: 1 });
    clock.advance(1000);

    await registry().admit(upload(3));

    const { events } = await registry().events({ after: '', limit: 9 });
    const { events: rest } = await registry().events({ after: old[0]!.cursor, limit: 9 });
    const { events: ofModel } = await registry().events({ after: '1', limit: 9, model: 'shapes' });
    expect(old[0]!.cursor).toBe('1');
    expect(idsOf(events)).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(idsOf(rest)).toEqual([idOf(2), idOf(3)]);
    expect(idsOf(ofModel)).toEqual([idOf(2), idOf(3)]);
    expect((await registry().newestEvents(2)).map(({ detail }) => detail.deploymentId)).toEqual([
      idOf(3),
      idOf(2),
    ]);
  });

  it('publishes what was not published yet, and what is written now', async () => {
    clock.advance(1000);
    await registry().admit(upload(3));

    const waiting = await registry().unpublished(9);
    await registry().markPublished(waiting.map(({ detail }) => detail.eventId));

    expect(waiting.map(({ detail }) => detail.deploymentId)).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(await registry().unpublished(9)).toEqual([]);
  });

  it('lets a deployment of then end, and forgets it among those under way', async () => {
    await registry().settle({ deploymentId: idOf(1), reason: 'stopped', degraded: false });

    const rows = await rowsOf(world.client(), world.table);
    const unended = rows.filter(({ pk }) => pk?.S === 'UNENDED');
    expect((await registry().unended()).map(({ id }) => id)).toEqual([idOf(2)]);
    expect(unended.map(({ sk }) => sk?.S)).toEqual([String(2).padStart(16, '0')]);
  });

  // During an update of the stack some functions are of the release before.
  it('leaves the counter to code of that release, which numbers its own events by it', async () => {
    await registry().admit(upload(3));

    const rows = await rowsOf(world.client(), world.table);
    const counters = rows.filter(({ pk }) => pk?.S === 'COUNTER');
    const own = counters.find(({ sk }) => sk?.S === 'EVENTS');
    const events = rows.filter(({ pk }) => pk?.S === 'EVENTS#MODEL#shapes');
    expect(own?.['rev']?.N).toBe('2');
    expect(counters).toHaveLength(2);
    expect(events.map(({ sk }) => Number(sk?.S) < 10 ** 13).toSorted()).toEqual([
      false,
      true,
      true,
    ]);
  });
});
