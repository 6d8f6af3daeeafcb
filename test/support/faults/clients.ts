import { dayOf } from '#domain/capture/plan.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { keptLine } from '../capture/kept-line.ts';
import { type Asked, answered } from '../memory/prober.ts';
import { before } from '../worlds/change.ts';
import { answersRight, MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';

/** As many as decide. */
const REQUESTS = 20;
/** From here on the numbers that clients send only once the next version has traffic. */
const NEW = 1000;

export type Clients = {
  /** Sends requests with numbers from `first` on, each of which is kept by the revision that answers it. */
  ask(first: number): Promise<void>;
};

/**
 * Clients who send what they have never sent before at each step of a shift to a version that keeps it. The second version answers that by so many times what the first one answers.
 * Their requests are not calls of Slipway's, so they get no fault.
 */
export function clientsOf(world: VirtualWorkflow, times: number): Clients {
  world.behave('digits-v1', answers(1));
  world.behave('digits-v2', answers(times));
  let askedSinceMs = 0;
  const clients = { ask: (first: number) => ask(world, first) };

  before(world, 'JudgeBake', async (held) => {
    const { work } = await world.recordOf(held);
    const sinceMs = work.bake?.startedAtMs ?? 0;
    const isAsked = work.shift?.previous && work.inspection?.manifest.capture;
    if (sinceMs <= askedSinceMs || !isAsked) return;
    askedSinceMs = sinceMs;
    await clients.ask(NEW);
  });
  return clients;
}

const answers = (times: number) => (asked: Asked) => {
  if (asked === 'ready' || asked.protocol !== 'invocations') return answersRight(asked);
  const { inputs } = asked.body as { readonly inputs: readonly number[] };
  const predictions = inputs.map((value) => (value < NEW ? value : value * times));
  return answered(200, { predictions });
};

async function ask(world: VirtualWorkflow, first: number): Promise<void> {
  const { prober, router, captureKeys, keptLines, clock } = world;
  const at = clock.now();
  for (let rank = 0; rank < REQUESTS; rank += 1) {
    const body = { inputs: [first + rank] };
    const request = { protocol: 'invocations', body } as const;
    const answer = await prober.send(router.route(MODEL), MODEL, request, HOUR_MS);
    if (answer.kind === 'none' || answer.revision === null) continue;
    const keys = await captureKeys.publish(MODEL, answer.revision);
    const line = keptLine(keys, {
      ...{ id: `${at}-${rank}`, revision: answer.revision, at, rank },
      ...{ body: JSON.stringify(body), answer: answer.body },
    });
    await keptLines.add(MODEL, dayOf(at), line);
  }
}
