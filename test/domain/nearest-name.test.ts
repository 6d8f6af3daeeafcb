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

it.each([
  ['stauts', 'status'],
  ['sttaus', 'status'],
  ['satrt', 'start'],
  ['strat', 'start'],
])('%s, with two letters in the other order, was meant to be %s', (typed, meant) => {
  expect(nearestName(typed, ['start', 'status', 'stats-of'])).toBe(meant);
});

it('names are put in the order of how much they are like what was typed', () => {
  expect(byNearness('digts', NAMES)).toEqual({
    meant: 'digits',
    names: ['digits', 'digests', 'words', 'zebra'],
  });
  expect(byNearness('', NAMES)).toEqual({ meant: undefined, names: NAMES });
});
