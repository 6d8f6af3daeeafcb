import { amongClients } from '#compose/machine/workflows.ts';
import { dayOf } from '#domain/capture/plan.ts';
import { clientRequests } from '#steps/client-requests.ts';
import { keptLine } from '../support/capture/kept-line.ts';
import { fakeClock } from '../support/clock/fake-clock.ts';
import { memoryCapture } from '../support/memory/capture.ts';

const NOON_MS = Date.parse('2026-03-04T12:00:00Z');
const OF = { model: 'iris', live: 1, judged: 2 };

async function keptBy(clock: ReturnType<typeof fakeClock>, count: number) {
  const capture = memoryCapture(clock);
  const keys = await capture.captureKeys.publish('iris', 'iris-v1');
  for (let rank = 0; rank < count; rank += 1) {
    const exchange = { body: `{"inputs":[${rank}]}`, answer: `{"predictions":[${rank}]}` };
    const line = keptLine(
      keys,
      { id: `${rank}`, revision: 'iris-v1', at: NOON_MS, rank, ...exchange },
      1000,
    );
    await capture.keptLines.add('iris', dayOf(NOON_MS), line);
  }
  return capture;
}

it('clients go first before each kept request is opened, in all for two seconds', async () => {
  const clock = fakeClock(NOON_MS);
  const waits: number[] = [];
  const comparing = {
    isApart: false,
    async giveWay(atMostMs: number) {
      waits.push(atMostMs);
      clock.advance(atMostMs);
    },
  };

  const found = await clientRequests({ ...(await keptBy(clock, 120)), comparing, clock }, OF);

  expect(found).toHaveLength(120);
  expect(waits.filter((ms) => ms === 20)).toHaveLength(100);
  expect(waits.filter((ms) => ms === 0)).toHaveLength(20);
});

it('a request is opened once clients have gone first', async () => {
  const clock = fakeClock(NOON_MS);
  const { keptRequests } = await keptBy(clock, 3);
  const passed: string[] = [];
  const told = {
    async *of(...given: Parameters<typeof keptRequests.of>) {
      for await (const kept of keptRequests.of(...given)) {
        passed.push(`request ${kept.id}`);
        yield kept;
      }
    },
  };
  const comparing = amongClients(async () => void passed.push('clients'));

  await clientRequests({ keptRequests: told, comparing, clock }, OF);

  expect(passed).toEqual([0, 1, 2].flatMap((id) => [`request ${id}`, 'clients']));
});

it('nobody is waited for where the thread answers no clients', async () => {
  const clock = fakeClock(NOON_MS);
  const comparing = {
    isApart: true,
    giveWay: async () => {
      throw new Error('no client is answered here');
    },
  };

  expect(await clientRequests({ ...(await keptBy(clock, 3)), comparing, clock }, OF)).toHaveLength(
    3,
  );
});
