import { unknownModel } from '#domain/unknown-model.ts';

describe('a model that is not there', () => {
  it.each([
    ['digit', 'Did you mean digits?'],
    ['dgits', 'Did you mean digits?'],
    ['weather', 'See which there are: `slipway status`.'],
  ])('%s: %s', (name, fix) => {
    expect(unknownModel(name, ['ocr', 'digits'])).toMatchObject({
      name: 'InputInvalid',
      message: `no model ${name}`,
      fix,
    });
  });

  it('is not guessed where there is none', () => {
    expect(unknownModel('m', []).fix).toBe('See which there are: `slipway status`.');
  });
});
