import fc from 'fast-check';
import {
  isModelName,
  MODEL_NAME,
  modelOf,
  nearestModelName,
  requireSameDeployment,
  revisionName,
} from '#domain/identity.ts';

const names = fc.stringMatching(MODEL_NAME);

describe('a model’s name', () => {
  it.each(['a', '7', 'shapes', 'resnet-50', 'a--b', 'a'.repeat(40)])('may be %j', (name) => {
    expect(isModelName(name)).toBe(true);
  });

  it.each(['', '-a', 'a-', 'Shapes', 'a.b', 'a_b', 'a b', 'é', 'a\n', 'a'.repeat(41)])(
    'may not be %j',
    (name) => {
      expect(isModelName(name)).toBe(false);
    },
  );

  it.each([
    ['My Model', 'my-model'],
    ['Größe_2 (final)', 'grosse-2-final'],
    ['été', 'ete'],
    ['--x--', 'x'],
    ['a'.repeat(39) + ' b', 'a'.repeat(39)],
    ['日本', undefined],
    ['', undefined],
  ])('that %j may not be is nearest to %j', (name, nearest) => {
    expect(nearestModelName(name)).toBe(nearest);
  });

  it('is nearest to itself, and what is nearest may be one', () => {
    fc.assert(fc.property(names, (name) => nearestModelName(name)?.startsWith(name[0] ?? '')));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const nearest = nearestModelName(name);
        expect(nearest === undefined || isModelName(nearest)).toBe(true);
      }),
    );
  });

  it('can stand in an address as it is', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(isModelName(name)).toBe(true);
        expect(encodeURIComponent(name)).toBe(name);
      }),
    );
  });
});

describe('a revision’s name', () => {
  it('is the model’s with its version', () => {
    expect(revisionName('shapes', 12)).toBe('shapes-v12');
  });

  it('is never that of another version or model', () => {
    const version = fc.integer({ min: 1, max: 99 });
    fc.assert(
      fc.property(names, version, names, version, (a, m, b, n) => {
        expect(revisionName(a, m) === revisionName(b, n)).toBe(a === b && m === n);
      }),
    );
  });
});

it('a revision names its model, whatever that is called', () => {
  for (const model of ['digits', 'a-v1', 'v-v2-v']) {
    expect(modelOf(revisionName(model, 12))).toBe(model);
  }
});

it.each(['digits', '-v1', 'digits-v', 'digits-v1x'])('%j is no revision', (name) => {
  expect(() => modelOf(name)).toThrow('expected <model>-v<version>');
});

it('a revision is adopted by its own deployment, and refused to any other', () => {
  const wanted = { revision: 'digits-v1', deploymentId: 'd1' };

  expect(() => requireSameDeployment(wanted, { deploymentId: 'd1' })).not.toThrow();
  for (const deploymentId of ['d2', undefined]) {
    expect(() => requireSameDeployment(wanted, { deploymentId })).toThrow(
      expect.objectContaining({ name: 'RevisionFailed' }),
    );
  }
});
