import { connect, type Socket } from 'node:net';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { controlApi } from '#adapters/local/control/control-api.ts';
import { eventFeed } from '#adapters/local/registry/event-feed.ts';
import { controlHandler } from '#control/handler.ts';
import { everywhere } from '#control/operations.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';
import { eventually } from '../../../support/clock/eventually.ts';

const PADDING = 'x'.repeat(10_000);

/** A registry of numbered events, 10 kB each, that every model has, and the queries it was asked, by model. `meanwhile` happens after each look, before its answer is there. */
function numberedEvents(first: number, meanwhile = () => {}) {
  let total = first;
  const asked: EventQuery[] = [];
  const registry = {
    async events(query: EventQuery) {
      asked.push(query);
      const from = Number(query.after);
      const count = Math.max(0, Math.min(query.limit, total - from));
      const events = Array.from({ length: count }, (_, index) => ({
        cursor: String(from + index + 1),
        event: { padding: PADDING },
      }));
      meanwhile();
      return { events };
    },
  } as unknown as Registry;
  return {
    registry,
    add() {
      total += 1;
    },
    askedBy: (model: string) => asked.filter((query) => query.model === model),
  };
}

async function serving(registry: Registry, heartbeatMs = 60_000) {
  const feed = eventFeed(registry);
  const handler = controlHandler({
    table: { readEvents: everywhere.readEvents },
    operations: {
      readEvents: (query, signal = new AbortController().signal) => feed.open(query, signal),
    },
    guard: () => undefined,
    after: (_ms, run) => realTimers.after(heartbeatMs, run),
  });
  const api = controlApi(handler);
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.address() as { port: number };
  return {
    feed,
    get: (query: string) => fetch(`http://127.0.0.1:${port}/events?${query}`),
    /** A connection that asks and reads nothing until it is resumed. */
    stalled(model: string): Socket {
      const socket = connect(port, '127.0.0.1').pause();
      socket.write(`GET /events?model=${model} HTTP/1.1\r\nhost: x\r\n\r\n`);
      return socket;
    },
    connections: () =>
      new Promise<number>((resolve) => api.server.getConnections((_, count) => resolve(count))),
    async [Symbol.asyncDispose]() {
      feed.close();
      api.server.closeAllConnections();
      await api.close();
    },
  };
}

const idsIn = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
const upTo = (total: number) => Array.from({ length: total }, (_, index) => index + 1);

describe('the event stream', () => {
  it('reads for a reader that stalls no further than it takes, and goes on when it does', async () => {
    const { registry, askedBy } = numberedEvents(3000);
    await using server = await serving(registry);
    const reader = server.stalled('slow');
    let text = '';
    reader.on('data', (bytes) => {
      text += bytes;
    });
    reader.pause();

    const fast = await (await server.get('model=fast&follow=false')).text();
    for (let change = 0; change < 1000; change += 1) server.feed.changed();
    const readSoFar = askedBy('slow').length;
    reader.resume();

    expect(idsIn(fast)).toEqual(upTo(3000));
    expect(readSoFar).toBeLessThan(askedBy('fast').length);
    await eventually(() => text.includes('id: 3000\n'));
    expect(idsIn(text)).toEqual(upTo(3000));
    expect(askedBy('slow').length).toBeLessThan(40);
    reader.destroy();
  });

  it('sends a follower each event once, also one that comes while it looks for more', async () => {
    const { registry, add, askedBy } = numberedEvents(150, () => {
      if (askedBy('follower').length > 50) return;
      add();
      server.feed.changed();
    });
    await using server = await serving(registry);
    const response = await server.get('model=follower');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();

    let text = '';
    while (!text.includes('id: 190\n')) text += (await reader.read()).value ?? '';
    await reader.cancel();

    const ids = idsIn(text);
    expect(ids).toEqual(upTo(ids.length));
  });

  it('gives a follower a sign of life while nothing happens, between events', async () => {
    const { registry, add } = numberedEvents(1);
    await using server = await serving(registry, 1);
    const response = await server.get('model=follower');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (end: string) => {
      while (!text.endsWith(end)) text += (await reader.read()).value ?? '';
    };

    await until('\n\n:\n\n:\n\n');
    add();
    server.feed.changed();
    while (!text.includes('id: 2\n')) text += (await reader.read()).value ?? '';
    await until(':\n\n');
    await reader.cancel();

    expect(idsIn(text)).toEqual([1, 2]);
  });

  it('looks no more for a reader that has hung up', async () => {
    const { registry, add, askedBy } = numberedEvents(2);
    await using server = await serving(registry);
    const response = await server.get('model=gone');
    const reader = response.body!.getReader();
    await reader.read();

    await reader.cancel();
    await eventually(async () => (await server.connections()) === 0);
    const before = askedBy('gone').length;
    add();
    server.feed.changed();
    await (await server.get('model=other&follow=false')).text();

    expect(askedBy('gone')).toHaveLength(before);
  });

  it('ends the answers of its followers when it closes', async () => {
    const { registry } = numberedEvents(2);
    await using server = await serving(registry);
    const response = await server.get('model=follower');

    server.feed.close();

    expect(idsIn(await response.text())).toEqual([1, 2]);
  });
});
