import { probe } from '#steps/probe.ts';
import { proofOf } from '#steps/proof.ts';
import { answered } from '../support/memory/prober.ts';
import { answersWrong, type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const ADDRESS = '/models/digits';
const refused = () => ({ kind: 'none', reason: 'the connection was refused' }) as const;

async function liveProof(world: MemoryWorld) {
  return proofOf(world.registry, await world.recordOf(await world.deploy()));
}

describe('a probe', () => {
  it('sends what the version was proven by', async () => {
    const world = memoryWorld();
    const proof = await liveProof(world);
    const [, proved] = world.prober.sent;

    expect(await probe(world.prober, ADDRESS, proof)).toEqual({
      kind: 'passed',
      latencyMs: 1,
    });
    expect(world.prober.sent.at(-1)).toEqual({ ...proved, address: ADDRESS });
  });

  it.each([
    { what: 'a wrong answer', answer: answersWrong, reason: 'output z is not declared' },
    { what: 'a server error', answer: () => answered(500), reason: 'was answered 500' },
    { what: 'no answer', answer: refused, reason: 'the connection was refused' },
  ])('fails on $what', async ({ answer, reason }) => {
    const world = memoryWorld();
    const proof = await liveProof(world);
    world.behave('digits-v1', answer);

    expect(await probe(world.prober, ADDRESS, proof)).toEqual({
      kind: 'failed',
      reason: expect.stringContaining(reason),
    });
  });

  it('says nothing of a version that was too busy to take it', async () => {
    const world = memoryWorld();
    const proof = await liveProof(world);
    world.behave('digits-v1', () => answered(429));

    expect(await probe(world.prober, ADDRESS, proof)).toEqual({ kind: 'busy' });
  });

  it('of a version proven by readiness alone quotes no more of an answer than a reason has room for', async () => {
    const world = memoryWorld();
    const proof = await liveProof(world);
    world.behave('digits-v1', () => answered(500, 'x'.repeat(1_000_000)));

    const result = await probe(world.prober, ADDRESS, { ...proof, request: null });

    expect(JSON.stringify(result).length).toBeLessThan(1_000);
  });

  it.each([
    { what: 'ready', answer: () => answered(200, {}, 7), kind: 'passed' },
    { what: 'busy', answer: () => answered(429), kind: 'busy' },
    { what: 'loading', answer: () => answered(503), kind: 'failed' },
    { what: 'away', answer: refused, kind: 'failed' },
  ])('of a version proven by readiness alone is $kind when it is $what', async (wanted) => {
    const world = memoryWorld();
    const proof = await liveProof(world);
    world.behave('digits-v1', wanted.answer);

    const result = await probe(world.prober, ADDRESS, { ...proof, request: null });

    expect(result.kind).toBe(wanted.kind);
    expect(world.prober.sent.at(-1)?.asked).toBe('ready');
  });
});
