import { readParameters } from '#compose/install/parameters.ts';

describe('the parameters of a deploy', () => {
  it('are refused where a budget has nobody who is told of it', () => {
    expect(() => readParameters(['budgetUsd=50'])).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: 'budgetUsd is given, and nobody who is told of it',
        fix: 'Say who, by --param budgetEmail=ADDRESS.',
      }),
    );
  });

  it.each([[['budgetUsd=50', 'budgetEmail=ops@example.com']], [['budgetUsd=0']], [[]]])(
    '%j are taken',
    (given) => {
      expect(readParameters(given).size).toBe(given.length);
    },
  );
});
