import { otherPrompts, renderRequest, tokensIn } from '#domain/comparison/rendered-prompts.ts';

const body = (value: unknown, status = 200) => ({
  kind: 'answer' as const,
  status,
  body: JSON.stringify(value),
});

it('the request for the tokens of a prompt has the conversation or the text alone', () => {
  const messages = [{ role: 'user', content: 'Hello' }];
  const path = '/slipway/render';

  expect(
    [
      { messages, temperature: 0 },
      { prompt: 'Once', max_tokens: 4 },
      { messages, tools: [{}] },
    ].map((each) => renderRequest({ protocol: 'invocations', path: '/v1/x', body: each })),
  ).toEqual([
    { protocol: 'invocations', path, body: { messages } },
    { protocol: 'invocations', path, body: { prompt: 'Once' } },
    undefined,
  ]);
});

it.each([
  ['are read', body({ tokens: [1, 5, 2] }), [1, 5, 2]],
  ['are not there where the server says none', body({ error: 'no' }, 400), undefined],
  ['are not there where it does not answer', { kind: 'none' as const, reason: 'x' }, undefined],
  ['are not there where they are something else', body({ tokens: ['a'] }), undefined],
])('the tokens in an answer %s', (_, answer, tokens) => {
  expect(tokensIn(answer)).toEqual(tokens);
});

it.each([
  [undefined, ''],
  [{ asked: 4, otherwise: 0 }, ''],
  [{ asked: 4, otherwise: 3 }, '; it reads other tokens for 3 of 4 prompts'],
])('of %j is said %j', (prompts, said) => {
  expect(otherPrompts(prompts)).toBe(said);
});
