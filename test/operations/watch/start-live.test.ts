import type { RevisionRef } from '#domain/placement/target.ts';
import { startLive } from '#operations/watch/start-live.ts';
import { eventually } from '../../support/clock/eventually.ts';

const LIVES: readonly RevisionRef[] = ['a-v1', 'b-v1', 'c-v1', 'd-v1'].map((revision) => ({
  revision,
  target: 'lambda',
}));

/** A start of the live revisions, two at once. */
function started() {
  const stopping = new AbortController();
  const starts: { revision: string; end: PromiseWithResolvers<void> }[] = [];
  const problems: unknown[] = [];
  startLive(LIVES, {
    start({ revision }) {
      const end = Promise.withResolvers<void>();
      starts.push({ revision, end });
      return end.promise;
    },
    signal: stopping.signal,
    onProblem: (error) => void problems.push(error),
    limit: 2,
  });
  return { starts, problems, stopping };
}

describe('what was live when Slipway starts', () => {
  it('starts a few at once, and another when one has started or failed', async () => {
    const { starts, problems } = started();

    await eventually(() => starts.length === 2);
    starts[0]?.end.resolve();
    await eventually(() => starts.length === 3);
    starts[1]?.end.reject(new Error('no server'));
    await eventually(() => starts.length === 4);

    expect(starts.map(({ revision }) => revision)).toEqual(LIVES.map(({ revision }) => revision));
    expect(problems).toEqual([new Error('no server')]);
  });

  it('is not started any more, and no failure told, once Slipway stops', async () => {
    const { starts, problems, stopping } = started();

    await eventually(() => starts.length === 2);
    stopping.abort();
    for (const { end } of starts) end.reject(new Error('a-v1 is stopped'));
    await Promise.allSettled(starts.map(({ end }) => end.promise));

    expect(starts).toHaveLength(2);
    expect(problems).toEqual([]);
  });
});
