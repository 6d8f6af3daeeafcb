import { manifestSchema } from '#domain/manifest/manifest.ts';
import { type Caps, mostReplicas, NO_CAPS, requireWithinCaps } from '#domain/placement/caps.ts';

const manifest = (value: object) => manifestSchema.parse(value);
const within = (value: object, caps: Partial<Caps>) => () =>
  requireWithinCaps(manifest(value), { ...NO_CAPS, ...caps });

describe('the most replicas of a manifest', () => {
  it.each([
    { scaling: {}, most: 1 },
    { scaling: { min: 3 }, most: 3 },
    { scaling: { min: 1, max: 5 }, most: 5 },
    { scaling: { max: 4, schedules: [{ at: '08:00', min: 9 }] }, most: 9 },
    { scaling: { max: 4, schedules: [{ at: '08:00', min: 2, max: 7 }] }, most: 7 },
  ])('of $scaling are $most', ({ scaling, most }) => {
    expect(mostReplicas(manifest({ scaling }))).toBe(most);
  });
});

describe('a cap', () => {
  it('refuses nothing where there is none', () => {
    const greedy = { scaling: { max: 100 }, resources: { accelerator: 'H100:8' } };

    expect(within(greedy, {})).not.toThrow();
  });

  it('on replicas lets as many be asked for, and refuses one more with both figures and both ways out', () => {
    expect(within({ scaling: { max: 4 } }, { maxReplicas: 4 })).not.toThrow();
    expect(within({ scaling: { max: 5 } }, { maxReplicas: 4 })).toThrow(
      expect.objectContaining({
        name: 'ArtifactRejected',
        message: 'scaling in model.yaml asks for up to 5 replicas; the cap maxReplicas is 4',
        fix: 'Lower scaling.max, and that of each schedule, to 4 or less. Whoever runs this Slipway raises the cap by the parameter maxReplicas=5 (docs/deploy.md), on one machine by the option of that name.',
      }),
    );
  });

  it.each([
    { allowed: ['T4', 'L4'], wants: 'T4:2', is: 'let' },
    { allowed: ['T4', 'L4'], wants: 'none', is: 'let' },
    { allowed: [], wants: 'none', is: 'let' },
    { allowed: ['T4', 'L4'], wants: 'any', is: 'let' },
    { allowed: [], wants: 'any', is: 'refused' },
    { allowed: ['T4', 'L4'], wants: 'H100', is: 'refused' },
    { allowed: [], wants: 'T4', is: 'refused' },
  ])('on GPUs of $allowed: $wants is $is', ({ allowed, wants, is }) => {
    const check = within({ resources: { accelerator: wants } }, { allowedAccelerators: allowed });

    if (is === 'let') expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ name: 'ArtifactRejected' }));
  });

  it('on GPUs says which was asked for, which may be, and how either changes', () => {
    expect(
      within({ resources: { accelerator: 'H100:8' } }, { allowedAccelerators: ['T4', 'L4'] }),
    ).toThrow(
      expect.objectContaining({
        message:
          'resources.accelerator in model.yaml asks for 8 H100; the cap allowedAccelerators is T4,L4',
        fix: expect.stringMatching(/^Ask for one of T4,L4, or for none\. .*=T4,L4,H100 /),
      }),
    );
    expect(within({ resources: { accelerator: 'T4' } }, { allowedAccelerators: [] })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/asks for 1 T4; the cap allowedAccelerators is none$/),
        fix: expect.stringMatching(/^Ask for none\. .*allowedAccelerators=T4 /),
      }),
    );
  });
});
