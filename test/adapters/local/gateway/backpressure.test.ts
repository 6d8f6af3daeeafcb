import type { Readable, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Arrivals, openArrivals } from '../../../support/gateway/arrivals.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

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
    await world.revisions.serve('digits-v1', arrivals.listener);
    const arriving = arrivals.next();
    const calling = world.call('/models/digits/');
    const [, response] = await arriving;
    const poured = pour(response);

    const { readBytes, mostHeldBytes } = await readSlowly((await calling).body, poured);

    expect(mostHeldBytes).toBeLessThan(POURED_BYTES / 2);
    expect(readBytes).toBe(POURED_BYTES);
  });
});

const CHUNK = Buffer.alloc(65_536);
const POURED_BYTES = CHUNK.length * 1_000;

/** Writes 65 MB as fast as the other side takes them; answers how many it has written so far. */
function pour(into: Writable): () => number {
  let writtenBytes = 0;
  const fill = () => {
    let hasRoom = true;
    while (hasRoom && writtenBytes < POURED_BYTES) {
      hasRoom = into.write(CHUNK);
      writtenBytes += CHUNK.length;
    }
    if (writtenBytes === POURED_BYTES) into.end();
    else into.once('drain', fill);
  };
  fill();
  return () => writtenBytes;
}

// All sides are in this process, so each gets its turns whatever else the machine has to do.
const TURNS = 5;

/** Reads to the end, and lets everybody else have their turns before each part; answers how much was on its way at most. */
async function readSlowly(from: Readable, writtenBytes: () => number) {
  let readBytes = 0;
  let mostHeldBytes = 0;
  for await (const chunk of from) {
    for (let turn = 0; turn < TURNS; turn += 1) await nextTurn();
    mostHeldBytes = Math.max(mostHeldBytes, writtenBytes() - readBytes);
    readBytes += chunk.length;
  }
  return { readBytes, mostHeldBytes };
}
