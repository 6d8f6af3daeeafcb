import { rateText, readExpiry, readRate } from '#domain/key-limits.ts';
import { readRoles } from '#domain/key-role.ts';

describe('a rate', () => {
  it.each([
    ['10/s', { requests: 10, everySeconds: 1 }],
    ['600/min', { requests: 600, everySeconds: 60 }],
    ['999999/s', { requests: 999_999, everySeconds: 1 }],
  ])('%s is read, and written as it was', (text, rate) => {
    expect(readRate(text)).toEqual(rate);
    expect(rateText(readRate(text))).toBe(text);
  });

  it.each(['', '0/s', '10', '10/h', '-1/s', '1.5/s', '1000000/s', '10/s '])(
    '`%s` is refused',
    (text) => {
      expect(() => readRate(text)).toThrow(`\`${text}\` is not a rate`);
    },
  );
});

describe('an expiry', () => {
  const nowMs = Date.parse('2026-01-02T03:04:05Z');

  it.each([
    ['12h', '2026-01-02T15:04:05Z'],
    ['30d', '2026-02-01T03:04:05Z'],
    ['2027-01-31', '2027-01-31T00:00:00Z'],
    ['2026-01-02T03:04:06Z', '2026-01-02T03:04:06Z'],
  ])('%s is %s', (text, time) => {
    expect(readExpiry(text, nowMs)).toBe(Date.parse(time));
  });

  it.each(['', '0d', '30', '30 days', '-1d', '1m', '2026-13-01', 'tomorrow'])(
    '`%s` is refused',
    (text) => {
      expect(() => readExpiry(text, nowMs)).toThrow(`\`${text}\` is not a time`);
    },
  );

  it('in the past is refused', () => {
    expect(() => readExpiry('2026-01-02T03:04:05Z', nowMs)).toThrow('is not in the future');
  });
});

describe('roles', () => {
  it('are read from words with commas between them', () => {
    expect(readRoles('see, drop')).toEqual(['see', 'drop']);
    expect(readRoles('call')).toEqual(['call']);
  });

  it.each(['', 'see,', 'admin', 'Drop'])('`%s` is refused', (text) => {
    expect(() => readRoles(text)).toThrow('is not a role');
  });
});
