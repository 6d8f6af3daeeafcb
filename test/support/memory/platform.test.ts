import { TARGETS, type Target } from '#domain/placement/target.ts';
import { describePlatform } from '../../contracts/platform.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { revisionSpec } from '../worlds/revision-spec.ts';
import { memoryPlatform } from './platform.ts';

const START_MS = 1_800_000_000_000;
const FAILS = { kind: 'fails', reason: 'exited with code 1', logTail: ['no graph'] } as const;

function open(target: Target = 'lambda') {
  const clock = fakeClock(START_MS);
  return { clock, platform: memoryPlatform({ clock, pendingMs: 3_000, target }) };
}

describe.each(TARGETS)('of target %s', (target) => {
  describePlatform('memoryPlatform', async () => {
    const { platform } = open(target);
    return {
      platform,
      endsLateStarts: true,
      idleDrainSeconds: 0,
      busyDrainSeconds: 1,
      lastWords: 'no graph',
      spec(fate, over) {
        const spec = revisionSpec('1', over);
        platform.foresee(spec.revision, fate === 'fails' ? FAILS : { kind: fate });
        return spec;
      },
      async request(revision) {
        platform.setInFlight(revision, 1);
        return () => platform.setInFlight(revision, 0);
      },
      starts: async (revision) => platform.starts(revision),
      close: async () => undefined,
    };
  });
});

describe('memoryPlatform', () => {
  it('waits in virtual time, no longer than it takes', async () => {
    const { clock, platform } = open();
    await platform.create(revisionSpec('1'), 1);

    expect((await platform.describe('digits-v1', { waitMs: 1_000 })).kind).toBe('pending');
    expect(clock.now() - START_MS).toBe(1_000);
    expect((await platform.describe('digits-v1', { waitMs: 60_000 })).kind).toBe('ready');
    expect(clock.now() - START_MS).toBe(3_000);
  });

  it('has no effect on a call that it throttles', async () => {
    const { platform } = open();
    platform.throttle(1);

    const creation = platform.create(revisionSpec('1'), 1);

    await expect(creation).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect(platform.existing()).toEqual([]);
    await platform.create(revisionSpec('1'), 1);
    expect(platform.existing()).toEqual(['digits-v1']);
  });

  it('has had its effect when the reply is lost', async () => {
    const { platform } = open();
    platform.loseReplies(1);

    const creation = platform.create(revisionSpec('1'), 1);

    await expect(creation).rejects.toMatchObject({ name: 'PlatformUnavailable' });
    expect(platform.existing()).toEqual(['digits-v1']);
  });

  it('tells apart what exists and what runs', async () => {
    const { platform } = open();
    platform.foresee('digits-v3', FAILS);
    for (const version of [1, 2, 3]) await platform.create(revisionSpec('1', { version }), 1);
    await platform.describe('digits-v3', { waitMs: 60_000 });

    await platform.retire('digits-v1', 1);

    expect(platform.existing()).toEqual(['digits-v1', 'digits-v2', 'digits-v3']);
    expect(platform.running()).toEqual(['digits-v2']);
  });

  it('starts what was retired in containers again, which takes its time', async () => {
    const { platform } = open('fargate');
    const spec = revisionSpec('1');
    await platform.create(spec, 1);
    await platform.describe(spec.revision, { waitMs: 60_000 });
    await platform.retire(spec.revision, 1);
    expect(platform.running()).toEqual([]);

    await platform.create(spec, 1);

    expect((await platform.describe(spec.revision, { waitMs: 0 })).kind).toBe('pending');
    expect((await platform.describe(spec.revision, { waitMs: 60_000 })).kind).toBe('ready');
    expect(platform.starts(spec.revision)).toBe(2);
  });
});
