import { diffVersions } from '#operations/models/diff-versions.ts';
import { diffLines } from '../../../src/cli/views/diff.ts';
import { identityModel } from '../../support/models/onnx.ts';
import { MODEL, memoryWorld } from '../../support/worlds/memory.ts';

/** Versions 1 of four columns, 2 of three, which its manifest allows, and 3 with the bytes of 2. */
async function versions() {
  const world = memoryWorld();
  const of = (columns: number) => identityModel({ datatype: 'FP32', shape: ['n', columns] });
  await world.deploy(world.upload({ bytes: of(4) }));
  await world.deploy(world.upload({ bytes: of(3), manifest: 'gate: { replaces: 1 }' }));
  await world.deploy(world.upload({ bytes: of(3), manifest: 'team: vision' }));
  const model = await world.registry.model(MODEL);
  if (!model) throw new Error('there is a model');
  return (from: number | null, to: number | null) =>
    diffVersions(world.registry, model, { from, to });
}

describe('the difference of two versions', () => {
  it('is by default that of the live one and the one that was live before', async () => {
    const diff = await versions();

    const found = await diff(null, null);

    expect(found).toMatchObject({ from: 2, to: 3, differences: [] });
    expect(diffLines({ model: MODEL, from: 'v2', to: 'v3' }, found)).toEqual([
      'digits v3 beside v2',
      'They do not differ in what is known of them.',
      '',
      'same: it serves the same bytes',
    ]);
  });

  it('has what the gate found where one replaced the other', async () => {
    const diff = await versions();

    expect(diffLines({ model: MODEL, from: 'v1', to: 'v2' }, await diff(1, 2))).toEqual([
      'digits v2 beside v1',
      'breaking    the input "x" takes the shape [any, 3]; before: [any, 4]',
      'breaking    the output "y" has the shape [any, 3]; before: [any, 4]',
      '',
      expect.stringMatching(/^broken, which its manifest allows: the input "x"/),
    ]);
  });

  it('is known for any two, also where neither replaced the other', async () => {
    const diff = await versions();

    const found = await diff(1, 3);

    expect(found).toMatchObject({ comparison: null, differences: [{}, {}] });
    expect(diffLines({ model: MODEL, from: 'v1', to: 'v3' }, found).at(-1)).toMatch(
      /^Their answers were never compared. Add --report FILE/,
    );
    const reversed = await diff(3, 1);
    expect(reversed).toMatchObject({ from: 3, to: 1, comparison: null });
    expect(diffLines({ model: MODEL, from: 'v3', to: 'v1' }, reversed).at(-1)).toBe(
      'Their answers were not compared this way round: --from names the older version.',
    );
    expect(diffLines({ model: MODEL, from: 'v1', to: 'v1' }, await diff(1, 1))).toEqual([
      'digits v1 is the same version on both sides',
    ]);
    // A file may have any name.
    expect(diffLines({ model: MODEL, from: 'v1', to: 'v1' }, await diff(1, 2))[1]).toMatch(
      /^breaking /,
    );
  });

  it.each([
    [9, null, 'digits has no version 9'],
    [null, 1, 'no version of digits went live before version 1'],
  ])('of %s and %s is refused', async (from, to, message) => {
    const diff = await versions();

    await expect(diff(from, to)).rejects.toMatchObject({ name: 'InputInvalid', message });
  });

  it('names two versions that there are, or says that there are too few', async () => {
    const diff = await versions();
    const world = memoryWorld();
    await world.deploy(world.upload());
    const model = (await world.registry.model(MODEL))!;

    await expect(diff(null, 1)).rejects.toMatchObject({
      fix: 'Name two versions: `slipway diff digits --from 2 --to 3`.',
    });
    await expect(
      diffVersions(world.registry, model, { from: null, to: null }),
    ).rejects.toMatchObject({
      fix: 'One version went live: `slipway diff FILE --name digits --from 1` compares a file with it.',
    });
  });
});
