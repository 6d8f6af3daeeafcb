import fc from 'fast-check';
import type { BakeRecord } from '#domain/deployment.ts';
import { type BakeEvidence, judgeBake, MIN_REQUESTS } from '#domain/judge-bake.ts';

const bake: BakeRecord = {
  startedAtMs: 0,
  bakeSeconds: 60,
  probesSent: 20,
  probesFailed: 0,
  lastFailure: '',
};
const over: BakeEvidence = { bake, elapsedMs: 60_000, requests: 0, serverErrors: 0 };

describe('a bake', () => {
  it('goes on until its time is over', () => {
    expect(judgeBake({ ...over, elapsedMs: 59_999 })).toEqual({ kind: 'baking' });
    expect(judgeBake(over).kind).toBe('done');
  });

  it.each([
    { requests: MIN_REQUESTS - 1, judgedBy: 'probes' },
    { requests: MIN_REQUESTS, judgedBy: 'probes and clients' },
  ])('of $requests requests is judged by $judgedBy', ({ requests, judgedBy }) => {
    expect(judgeBake({ ...over, requests })).toEqual({ kind: 'done', judgedBy });
  });

  it('puts up with one failed probe in ten and no more', () => {
    const failing = (probesFailed: number) =>
      judgeBake({ ...over, bake: { ...bake, probesFailed, lastFailure: 'was answered 500' } });

    expect(failing(2).kind).toBe('done');
    expect(failing(3)).toEqual({
      kind: 'breach',
      reason: '3 of 20 probes failed since the shift; the last: was answered 500',
    });
  });

  it('is a breach at once when its only probe failed', () => {
    const first = { ...bake, probesSent: 1, probesFailed: 1 };

    expect(judgeBake({ ...over, bake: first, elapsedMs: 0 }).kind).toBe('breach');
  });

  it('puts up with one server error in twenty requests and no more', () => {
    const failing = (serverErrors: number) =>
      judgeBake({ ...over, elapsedMs: 0, requests: 100, serverErrors });

    expect(failing(5).kind).toBe('baking');
    expect(failing(6)).toEqual({
      kind: 'breach',
      reason: '6 of 100 requests since the shift were answered by a server error; the limit is 5 %',
    });
  });

  it('is not judged by a few clients, whatever they got', () => {
    const few = { requests: MIN_REQUESTS - 1, serverErrors: MIN_REQUESTS - 1 };

    expect(judgeBake({ ...over, ...few }).kind).toBe('done');
  });

  it('without a probe result waits a minute longer and is then a breach', () => {
    const silent = { ...over, bake: { ...bake, probesSent: 0 }, requests: 1000 };

    expect(judgeBake({ ...silent, elapsedMs: 119_999 })).toEqual({ kind: 'baking' });
    expect(judgeBake({ ...silent, elapsedMs: 120_000 })).toEqual({
      kind: 'breach',
      reason: expect.stringContaining('no probe was answered'),
    });
  });

  it('is never done without a probe result, and always is decided two minutes after its time', () => {
    const evidence = fc.record({
      probesSent: fc.nat(100),
      failedShare: fc.double({ min: 0, max: 1, noNaN: true }),
      elapsedMs: fc.nat(400_000),
      requests: fc.nat(200),
      errorShare: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(evidence, ({ probesSent, failedShare, elapsedMs, requests, errorShare }) => {
        const probesFailed = Math.floor(probesSent * failedShare);
        const serverErrors = Math.floor(requests * errorShare);
        const seen = { ...bake, probesSent, probesFailed };
        const { kind } = judgeBake({ bake: seen, elapsedMs, requests, serverErrors });

        if (probesSent === 0) expect(kind).not.toBe('done');
        if (elapsedMs >= 180_000) expect(kind).not.toBe('baking');
        if (probesFailed > probesSent / 10) expect(kind).toBe('breach');
      }),
    );
  });
});
