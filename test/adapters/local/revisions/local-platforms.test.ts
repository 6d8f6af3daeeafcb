import { readdirSync } from 'node:fs';
import type { LocalPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { describePlatform } from '../../../contracts/platform.ts';
import {
  openPlatform,
  openPlatforms,
  type PlatformFolder,
  pidsOf,
  platformFolder,
  slotOf,
} from '../../../support/local/platform.ts';

const FATES = { serves: 'answers', fails: 'crashes-at-load', hangs: 'never-ready' } as const;
const LONG = { waitMs: 3_600_000 };
const PATIENT = new AbortController().signal;

describe.each(['fargate', 'ec2'] as const)('%s on one machine', (target) => {
  describePlatform(`${target}Platform`, async () => {
    const folder = platformFolder();
    const platform = openPlatform(folder, {}, target);
    return {
      platform,
      endsLateStarts: true,
      idleDrainSeconds: 0,
      busyDrainSeconds: 1,
      lastWords: 'the model has no graph',
      spec: (fate, over) => folder.spec(FATES[fate], over),
      async request(revision) {
        const slot = await slotOf(platform, revision);
        return () => slot.release('done');
      },
      starts: async (revision) => pidsOf(folder, revision).length,
      async close() {
        await platform.close();
        folder.delete();
      },
    };
  });
});

describe('the three targets on one machine', () => {
  let folder: PlatformFolder;
  let all: LocalPlatforms;
  beforeEach(() => {
    folder = platformFolder();
    all = openPlatforms(folder);
  });
  afterEach(async () => {
    await all.close();
    folder.delete();
  });

  async function deployEach(): Promise<void> {
    for (const [index, target] of TARGETS.entries()) {
      const spec = folder.spec('answers', { version: index + 1 });
      await all.platforms[target].create(spec, 1);
      await all.platforms[target].describe(spec.revision, LONG);
    }
  }

  it('are one host to the gateway, which is told where a revision runs', async () => {
    await deployEach();

    const { host } = all;

    expect(['digits-v1', 'digits-v2', 'digits-v3', 'digits-v4'].map(host.placement)).toEqual([
      { target: 'lambda' },
      { target: 'fargate' },
      { target: 'ec2' },
      undefined,
    ]);
    expect(host.limits('digits-v1')?.timeoutMs).toBe(29_000);
    expect(host.limits('digits-v2')).toEqual({
      maxRequestBytes: 10_485_760,
      timeoutMs: 900_000,
    });
    expect(host.limits('digits-v4')).toBeUndefined();
    const slot = await host.invoke('digits-v3', PATIENT, 'shared');
    expect(slot.kind).toBe('slot');
    if (slot.kind === 'slot') slot.release('done');
    expect(await host.invoke('digits-v4', PATIENT, 'shared')).toMatchObject({ status: 404 });
  });

  it('see their own revisions alone, also after a restart', async () => {
    await deployEach();
    await all.close();
    all = openPlatforms(folder);

    for (const [index, target] of TARGETS.entries()) {
      const revision = `digits-v${index + 1}`;
      expect(await all.platforms[target].revisions()).toEqual([{ revision, model: 'digits' }]);
      await all.start({ revision, target });
    }
  });

  it('leave a revision of another target alone', async () => {
    await deployEach();
    const { lambda, fargate } = all.platforms;

    const creation = lambda.create(folder.spec('answers', { version: 2 }), 1);
    await expect(creation).rejects.toMatchObject({ name: 'RevisionFailed' });
    await lambda.remove('digits-v2', 1);

    expect(await lambda.describe('digits-v2', { waitMs: 0 })).toEqual({ kind: 'absent' });
    expect(await fargate.describe('digits-v2', { waitMs: 0 })).toEqual({ kind: 'ready' });
    expect(readdirSync(folder.revisions)).toContain('digits-v2');
  });

  it('take one epoch of a model for over together', async () => {
    await all.platforms.lambda.remove('digits-v1', 3);

    const retirement = all.platforms.ec2.retire('digits-v2', 2);

    await expect(retirement).rejects.toMatchObject({ name: 'LeaseLost' });
  });

  it('leave no log of a model that is forgotten, and those of others', async () => {
    for (const model of ['digits', 'digits-v1']) {
      const spec = folder.spec('crashes-at-load', { model, revision: `${model}-v2` });
      await all.platforms.fargate.create(spec, 1);
      await all.platforms.fargate.describe(spec.revision, LONG);
      await all.platforms.fargate.remove(spec.revision, 1);
    }
    expect(readdirSync(folder.logs)).toEqual(['digits-v1-v2.log', 'digits-v2.log']);

    await all.platforms.fargate.forget('digits', 1);

    expect(readdirSync(folder.logs)).toEqual(['digits-v1-v2.log']);
  });
});
