import { describeArtifactStore } from '../../contracts/artifact-store.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryStore } from './store.ts';

const BUCKET = 'models';
const START_MS = 1_800_000_000_123;

const open = () => memoryStore({ bucket: BUCKET, clock: fakeClock(START_MS) });

describeArtifactStore('memoryStore', async () => {
  const store = open();
  return {
    store,
    bucket: BUCKET,
    put: async (key, bytes) => store.put(key, bytes),
    remove: async (key) => store.remove(key),
    close: async () => {},
  };
});

describe('a bucket in memory', () => {
  it('throttles as many calls as it is told to, reads too', async () => {
    const store = open();
    const object = store.put('a', Buffer.from('one'));
    const source = await store.open(object);

    store.throttle(2);

    await expect(store.latest(BUCKET, 'a')).rejects.toMatchObject({ name: 'PlatformThrottled' });
    await expect(source.read(0, 1)).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect(await store.latest(BUCKET, 'a')).toEqual(object);
  });

  it('forgets a version that expired, and has the one before it again', async () => {
    const store = open();
    const first = store.put('a', Buffer.from('one'));
    const second = store.put('a', Buffer.from('two'));

    store.expire(second);

    expect(await store.describe(second)).toBeUndefined();
    expect(await store.latest(BUCKET, 'a')).toEqual(first);
  });

  it('tells times in whole seconds and checksums of eight bytes, as S3 does', () => {
    const { lastModifiedMs, checksum } = open().put('a', Buffer.from('one'));

    expect(lastModifiedMs).toBe(1_800_000_000_000);
    expect(checksum).toMatch(/^crc64nvme:[A-Za-z0-9+/]{11}=$/);
  });

  it('keeps the bytes it was given when their buffer is used again', async () => {
    const store = open();
    const bytes = Buffer.from('one');
    const object = store.put('a', bytes);

    bytes.fill('x');

    const source = await store.open(object);
    expect(Buffer.from(await source.read(0, 3)).toString()).toBe('one');
  });
});
