import { requireUrl } from '#compose/require-url.ts';

it.each([undefined, '', 'http://a.example/simple', 'https://a.example'])('takes %j', (value) => {
  expect(requireUrl('INDEX', value)).toBe(value);
});

it.each(['a.example', 'a.example:80', 'file:///srv/index', '/srv/index', 'http://'])(
  'refuses %j, and does not repeat it',
  (value) => {
    expect(() => requireUrl('INDEX', value)).toThrow(/^INDEX is not a URL of http or https$/);
  },
);

it('takes other protocols where they are named', () => {
  expect(requireUrl('INDEX', 'file:///srv/index', ['https', 'file'])).toBe('file:///srv/index');
});
