import {
  bareRequest,
  endsElsewhere,
  scoreIn,
  scoreRequest,
} from '#domain/comparison/answer-scores.ts';

const MESSAGES = [{ role: 'user', content: 'Hello' }];
const said = (content: string | null) => ({
  choices: [{ message: { role: 'assistant', content } }],
});
const asked = (body: unknown, path?: string) => ({
  protocol: 'invocations' as const,
  body,
  ...(path !== undefined && { path }),
});

describe('the request for the score of an answer', () => {
  it.each([
    [
      'a conversation',
      asked({ messages: MESSAGES, temperature: 0.7, tools: null }, '/v1/chat/completions'),
      said('Hi.'),
      { messages: MESSAGES, answer: 'Hi.' },
    ],
    [
      'a text that is continued',
      asked({ prompt: 'Once', max_tokens: 8 }, '/v1/completions'),
      { choices: [{ text: ' upon' }] },
      { prompt: 'Once', answer: ' upon' },
    ],
    [
      'an invocation',
      asked({ inputs: 'Once' }),
      { predictions: ' upon' },
      { prompt: 'Once', answer: ' upon' },
    ],
  ])('of %s has its prompt and the answer', (_, request, answer, body) => {
    expect(scoreRequest(request, answer)).toEqual(asked(body, '/slipway/score'));
  });

  it('has the beginning of a long answer, without a space at its end and without half a letter', () => {
    const answer = `${'é🙂'.repeat(49)}a  bc`;

    expect(scoreRequest(asked({ prompt: 'p' }), said(answer))?.body).toEqual({
      prompt: 'p',
      answer: `${'é🙂'.repeat(49)}a`,
    });
  });

  it.each([
    ['there is no text in the answer', asked({ messages: MESSAGES }), said(null)],
    ['the answer has another form', asked({ messages: MESSAGES }), { label: 1 }],
    ['the request has tools', asked({ messages: MESSAGES, tools: [{}] }), said('a')],
    ['the request wants a form', asked({ messages: MESSAGES, response_format: {} }), said('a')],
    ['there are several prompts', asked({ prompt: ['a', 'b'] }), said('a')],
    ['the prompt is empty', asked({ prompt: '' }), said('a')],
    ['the request is a list', asked([1]), said('a')],
    ['the request is of tensors', { protocol: 'infer' as const, body: { prompt: 'a' } }, said('a')],
  ])('is not there where %s', (_, request, answer) => {
    expect(scoreRequest(request, answer)).toBeUndefined();
  });
});

describe('the request for a score without a chat template', () => {
  const talk = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi.' },
    { role: 'user', content: 'And now?' },
    { role: 'assistant', content: 'I' },
  ];

  it('has the last words of the user and the same answer', () => {
    const request = asked({ messages: talk, answer: 'Well.' }, '/slipway/score');

    expect(bareRequest(request)).toEqual(
      asked({ prompt: 'And now?', answer: 'Well.' }, '/slipway/score'),
    );
  });

  it.each([
    ['it has no template before', { prompt: 'Once', answer: 'upon' }],
    ['no user has spoken', { messages: talk.slice(0, 1), answer: 'a' }],
    ['the words are parts', { messages: [{ role: 'user', content: [] }], answer: 'a' }],
    ['the words are empty', { messages: [{ role: 'user', content: '' }], answer: 'a' }],
  ])('is not there where %s', (_, body) => {
    expect(bareRequest(asked(body))).toBeUndefined();
  });
});

describe('the score in an answer', () => {
  const body = (value: unknown, status = 200) => ({
    kind: 'answer' as const,
    status,
    body: JSON.stringify(value),
  });

  it('is read', () => {
    expect(scoreIn(body({ logprob: -3.5, tokens: 2, prompt_tokens: 9 }))).toEqual({
      logprob: -3.5,
      tokens: 2,
      promptTokens: 9,
    });
  });

  it.each([
    ['the server has no such path', body({ error: 'nothing here' }, 404)],
    ['the server does not answer', { kind: 'none' as const, reason: 'reset' }],
    ['it has no token', body({ logprob: 0, tokens: 0, prompt_tokens: 9 })],
    ['it is something else', body({ score: 1 })],
  ])('is not there where %s', (_, answer) => {
    expect(scoreIn(answer)).toBeUndefined();
  });
});

it('an answer that goes on where the other ended has another end, and one of other words has not', () => {
  expect(endsElsewhere(said('Paris.'), said('Paris. It is'))).toBe(true);
  expect(endsElsewhere(said('Paris. It is'), said('Paris.'))).toBe(true);
  expect(endsElsewhere(said('Paris.'), said('Paris.'))).toBe(false);
  expect(endsElsewhere(said('Paris.'), said('Rome.'))).toBe(false);
});
