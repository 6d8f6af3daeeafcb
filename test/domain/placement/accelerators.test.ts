import { ACCELERATORS, requireAccelerators } from '#domain/placement/accelerators.ts';

it('every GPU of EC2 may be named, and none', () => {
  expect(() => requireAccelerators('--allowed-accelerators', ACCELERATORS)).not.toThrow();
  expect(() => requireAccelerators('--allowed-accelerators', [])).not.toThrow();
});

it.each([
  [['t4'], '"t4"', 'Did you mean T4? Separate names by commas; there are T4, L4,'],
  [['T4', 'h10O'], '"h10O"', 'Did you mean H100?'],
  [['T4', ''], '""', 'Separate names by commas; there are T4, L4,'],
  [['all of them'], '"all of them"', 'Separate names by commas; there are T4, L4,'],
])('%j: %s is refused, with the ones that there are', (names, named, fix) => {
  expect(() => requireAccelerators('--allowed-accelerators', names)).toThrow(
    expect.objectContaining({
      name: 'InputInvalid',
      message: `--allowed-accelerators names ${named}, which is not a GPU of EC2`,
      fix: expect.stringMatching(new RegExp(`^${fix.replaceAll('?', '\\?')}`)),
    }),
  );
});
