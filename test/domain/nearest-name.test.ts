import { byNearness, nearestName } from '#domain/nearest-name.ts';

const NAMES = ['words', 'digits', 'digests', 'zebra'];

it.each([
  ['digts', 'digits'],
  ['dig', 'digits'],
  ['wrods', 'words'],
  ['nothing-like-it', undefined],
])('%s was probably meant to be %s', (typed, meant) => {
  expect(nearestName(typed, NAMES)).toBe(meant);
});

it('names are put in the order of how much they are like what was typed', () => {
  expect(byNearness('digts', NAMES)).toEqual({
    meant: 'digits',
    names: ['digits', 'digests', 'words', 'zebra'],
  });
  expect(byNearness('', NAMES)).toEqual({ meant: undefined, names: NAMES });
});
