import { Failure } from '#domain/failure.ts';
import { refusedDrops } from '#operations/models/refused-drops.ts';
import { fakeClock } from '../../support/clock/fake-clock.ts';
import { memoryRegistry } from '../../support/memory/registry.ts';
import { refusal, upload } from '../../support/worlds/registry.ts';

/** A registry in which these drops came one after another: `+` before a name is one that was taken. */
async function registryAfter(...names: readonly string[]) {
  const registry = memoryRegistry({ clock: fakeClock(0) });
  for (const [index, name] of names.entries()) {
    if (name.startsWith('+')) await registry.admit(upload(index + 1, name.slice(1)));
    else await registry.refuse({ ...refusal(index + 1, 'Rejected'), model: name });
  }
  return registry;
}

describe('the drops that were not deployed', () => {
  it.each([
    { what: 'the newest first', came: ['a', 'b', 'c'], are: ['c', 'b', 'a'] },
    { what: 'each name once', came: ['a', 'b', 'a'], are: ['a', 'b'] },
    { what: 'none of a model', came: ['a', 'b', '+a'], are: ['b'] },
    { what: 'five at most', came: [...'abcdefg'], are: [...'gfedc'] },
  ])('are $what', async ({ came, are }) => {
    const drops = await refusedDrops(await registryAfter(...came), [], async () => true);

    expect(drops.map(({ name }) => name)).toEqual(are);
  });

  it('are none of which the bucket has nothing any more', async () => {
    const registry = await registryAfter('a', 'b', 'c');

    const drops = await refusedDrops(registry, [], async (name) => name !== 'b');

    expect(drops.map(({ name }) => name)).toEqual(['c', 'a']);
  });

  it('are those too that are no version, as links, also by the name of a model', async () => {
    const failure = new Failure('ArtifactRejected', 'models/a/m.onnx is a link', {
      fix: 'Copy it.',
    });
    const link = { key: 'models/a/m.onnx', failure, sinceMs: 1_000_000 };

    const drops = await refusedDrops(await registryAfter('+a', 'b'), [link], async () => true);

    expect(drops).toMatchObject([
      { name: 'a', state: 'Rejected', reason: 'models/a/m.onnx is a link', fix: 'Copy it.' },
      { name: 'b' },
    ]);
  });
});
