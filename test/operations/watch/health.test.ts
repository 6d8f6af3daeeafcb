import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { diskFailure, healthMeters, troublesOf, wallsFailure } from '#operations/watch/health.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

const PARTS = { registry: async () => undefined, walls: () => undefined };

describe('the health of a Slipway', () => {
  it('is good while every part is', async () => {
    await using folder = await temporaryFolder();

    expect(await troublesOf({ ...PARTS, dataDir: folder.path, bucketDir: folder.path })).toEqual(
      [],
    );
  });

  it.each([
    {
      says: 'it has less than 100 MiB',
      disk: { bavail: 99 },
      reason: /99 MiB left; .* needs 100$/,
    },
    { says: 'it has no inode', disk: { ffree: 0 }, reason: /no inode left$/ },
  ])('is bad where its disk is full: $says', ({ disk, reason }) => {
    const enough = { bavail: 100, bsize: 1024 * 1024, files: 10, ffree: 1 };

    const failure = diskFailure({ ...enough, ...disk });

    expect(failure).toMatchObject({ name: 'StorageFull', fix: expect.stringContaining('prune') });
    expect(failure?.message).toMatch(reason);
    expect(diskFailure(enough)).toBeUndefined();
    // Some file systems count no inodes.
    expect(diskFailure({ ...enough, files: 0, ffree: 0 })).toBeUndefined();
  });

  it('says that its bucket is gone, or is none', async () => {
    await using folder = await temporaryFolder();
    const bucketDir = join(folder.path, 'bucket');
    const look = async () =>
      (await troublesOf({ ...PARTS, dataDir: folder.path, bucketDir })).map(
        ({ check, reason }) => `${check}: ${reason}`,
      );

    expect(await look()).toEqual(['bucket: the bucket is gone']);
    writeFileSync(bucketDir, 'a file');
    expect(await look()).toEqual(['bucket: the bucket is not a folder']);
    rmSync(bucketDir);
    mkdirSync(bucketDir);
    expect(await look()).toEqual([]);
  });

  it('says what is wrong with its registry and its walls, and what to do', async () => {
    await using folder = await temporaryFolder();
    const failure = new Failure('PlatformUnavailable', 'it is damaged', { fix: 'Restore it.' });

    const troubles = await troublesOf({
      dataDir: folder.path,
      bucketDir: folder.path,
      registry: async () => failure,
      walls: () => failure,
    });

    expect(troubles).toEqual([
      { check: 'registry', reason: 'it is damaged', fix: 'Restore it.' },
      { check: 'walls', reason: 'it is damaged', fix: 'Restore it.' },
    ]);
    expect(healthMeters(troubles).values).toEqual([
      { labels: { check: 'disk' }, value: 1 },
      { labels: { check: 'bucket' }, value: 1 },
      { labels: { check: 'registry' }, value: 0 },
      { labels: { check: 'walls' }, value: 0 },
    ]);
  });

  it('is bad where a part cannot be looked at', async () => {
    await using folder = await temporaryFolder();
    const gone = join(folder.path, 'gone');

    const troubles = await troublesOf({
      dataDir: gone,
      bucketDir: gone,
      registry: () => Promise.reject(new Error('nobody knows')),
      walls: () => undefined,
    });

    expect(troubles.map(({ check }) => check)).toEqual(['disk', 'bucket', 'registry']);
  });

  it('is bad where models are refused for want of walls on a system that has some', () => {
    const walls = { says: 'none', open: [] };
    const refuses = { ...walls, refuses: 'no python3 runs to set them' };

    expect(wallsFailure(refuses, 'linux')?.message).toBe(
      'no wall stands around the models: no python3 runs to set them',
    );
    expect(wallsFailure({ ...walls, refuses: null }, 'linux')).toBeUndefined();
    expect(wallsFailure(refuses, 'darwin')).toBeUndefined();
  });
});
