import { missingCaveat } from '#domain/artifact/caveat.ts';

describe('which missing values a model takes', () => {
  it('is told of a format whose file does not say it, and of no other', () => {
    expect(missingCaveat('xgboost')).toMatch(/^null and NaN alone: /);
    expect(missingCaveat('lightgbm')).toBeNull();
    expect(missingCaveat('a later format')).toBeNull();
    expect(missingCaveat(null)).toBeNull();
  });
});
