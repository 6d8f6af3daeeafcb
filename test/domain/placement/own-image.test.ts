import { RUNTIME_NAMES } from '#domain/build/runtime.ts';
import { lossOnLambda } from '#domain/placement/own-image.ts';

it('an image of one’s own alone loses anything on Lambda', () => {
  expect(RUNTIME_NAMES.filter((name) => lossOnLambda(name))).toEqual(['custom']);
});
