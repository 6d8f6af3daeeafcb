import { amountUpTo, decimal, integer, integerUpTo, versionNumber } from '../../src/cli/command.ts';

describe('a number of the command line', () => {
  it.each(['0x10', '0b1', '', ' ', 'Infinity', '1_000', '1,5', 'ten'])('is not %j', (text) => {
    expect(decimal(text)).toBeNaN();
    expect(() => integer(text)).toThrow('Give a whole number.');
    expect(() => amountUpTo(100)(text)).toThrow('Give a number above 0, 100 at most.');
  });

  it('is decimal, with a fraction or an exponent', () => {
    expect(['16', '0.5', '.5', '2.', '1e3', '-3', '007'].map(decimal)).toEqual([
      16, 0.5, 0.5, 2, 1000, -3, 7,
    ]);
  });

  it('names a version from 1 on', () => {
    expect(versionNumber('3')).toBe(3);
    for (const text of ['0', '1.5', 'v1', '']) {
      expect(() => versionNumber(text)).toThrow('Give the number of a version, 1 or more.');
    }
  });

  it('is refused with its limits, also where it is no whole number', () => {
    expect(integerUpTo(900)('900')).toBe(900);
    for (const text of ['0.001', '0', '901', 'ten']) {
      expect(() => integerUpTo(900)(text)).toThrow('Give a whole number from 1 to 900.');
    }
  });
});
