import { once } from 'node:events';
import { request as nodeRequest } from 'node:http';
import type { Writable } from 'node:stream';
import { type Arrivals, openArrivals } from '../../support/arrivals.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatewayWorld, gatewayWorld } from '../../support/gateway-world.ts';

let world: GatewayWorld;
let arrivals: Arrivals;

beforeEach(async () => {
  world = await gatewayWorld();
  arrivals = openArrivals();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

describe('no side is flooded', () => {
  it('a client that reads slowly slows the model down', async () => {
    await world.revisions.serve('digits-v1', arrivals.listener, { maxResponseBytes: 1e9 });
    const arriving = arrivals.next();
    const calling = world.call('/models/digits/');
    const [, response] = await arriving;

    let writtenBytes = 0;
    pour(response, (sizeBytes) => {
      writtenBytes = sizeBytes;
    });
    const answer = await calling;
    await stalled(() => writtenBytes);
    const writtenWhileStalled = writtenBytes;
    let readBytes = 0;
    for await (const chunk of answer.body) readBytes += chunk.length;

    expect(writtenWhileStalled).toBeLessThan(POURED_BYTES / 2);
    expect(readBytes).toBe(POURED_BYTES);
  });

  it('a model that reads slowly slows the client down', async () => {
    await world.revisions.serve('digits-v1', arrivals.listener, { maxRequestBytes: 1e9 });
    const arriving = arrivals.next();
    const sending = nodeRequest(`${world.gateway.origin}/models/digits/`, { method: 'POST' });
    let sentBytes = 0;
    pour(sending, (sizeBytes) => {
      sentBytes = sizeBytes;
    });
    const [request, response] = await arriving;
    await stalled(() => sentBytes);
    const sentWhileStalled = sentBytes;
    let readBytes = 0;
    for await (const chunk of request) readBytes += chunk.length;
    response.end();
    await once(sending, 'response');

    expect(sentWhileStalled).toBeLessThan(POURED_BYTES / 2);
    expect(readBytes).toBe(POURED_BYTES);
  });
});

const CHUNK = Buffer.alloc(65_536);
const POURED_BYTES = CHUNK.length * 1_000;

/** Writes 65 MB as fast as the other side takes them, and says how many it has written. */
function pour(into: Writable, onWritten: (sizeBytes: number) => void): void {
  let writtenBytes = 0;
  const fill = () => {
    let hasRoom = true;
    while (hasRoom && writtenBytes < POURED_BYTES) {
      hasRoom = into.write(CHUNK);
      writtenBytes += CHUNK.length;
      onWritten(writtenBytes);
    }
    if (writtenBytes === POURED_BYTES) into.end();
    else into.once('drain', fill);
  };
  fill();
}

/** Waits until a number has not grown for 200 ms. */
async function stalled(size: () => number): Promise<void> {
  let last = size();
  let since = performance.now();
  await eventually(() => {
    if (size() === last) return performance.now() - since > 200;
    last = size();
    since = performance.now();
    return false;
  });
}
