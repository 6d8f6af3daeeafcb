import { listed } from '#formats/rejected.ts';

it.each([
  { names: [], says: '' },
  { names: ['a', 'b'], says: '`a`, `b`' },
  { names: ['a', 'b', 'c', 'd', 'e'], says: '`a`, `b`, `c`, `d`, `e`' },
  { names: [...'abcdefgh'], says: '`a`, `b`, `c`, `d`, `e` and 3 more' },
])('names of a file are listed with how many more there are: $says', ({ names, says }) => {
  expect(listed(names)).toBe(says);
});
