import * as z from 'zod/mini';
import { parseJson } from '#domain/parse-json.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { isObject } from '#domain/rollout/json-difference.ts';

/** The natural logarithm of the probability that a version gives to a text, all of its tokens together. */
export type AnswerScore = {
  readonly logprob: number;
  readonly tokens: number;
  readonly promptTokens: number;
};

/**
 * How likely a language model finds the answer of the version before: that version itself, and the new one. `again` is that of the version before once more, where it was asked.
 * `own` is how likely the version before finds the new one's answer, where that differs, and `ownAfter` how likely the new one finds it.
 */
export type PairScores = {
  readonly before: AnswerScore;
  readonly after: AnswerScore;
  readonly again?: AnswerScore;
  readonly own?: AnswerScore;
  readonly ownAfter?: AnswerScore;
  /** How likely both find the same answer where they read the user's words alone, without a chat template: what differs here lies in the weights. */
  readonly bare?: { readonly before: AnswerScore; readonly after: AnswerScore };
};

/** The path of a model's server that only Slipway reaches. */
export const SCORE_PATH = '/slipway/score';

/** A server without a batch for it takes as long for each token as for one that it writes, and so much of an answer shows a damaged model. */
const MOST_LETTERS = 100;
/** Fields by which the text that a model reads, or may write, is another one than that of the conversation alone. */
const BESIDE: readonly string[] = [
  'tools',
  'functions',
  'response_format',
  'grammar',
  'json_schema',
  'guided_json',
  'chat_template',
  'chat_template_kwargs',
  'suffix',
];

/** The request for the score of an answer to a conversation or a prompt, or of its beginning; undefined where there is no such request for it. */
export function scoreRequest(
  { protocol, body }: GoldenRequest,
  said: unknown,
): GoldenRequest | undefined {
  const answer = beginning(textIn(said));
  const asked = promptOf({ protocol, body });
  if (answer === '' || !asked) return undefined;
  return { protocol, path: SCORE_PATH, body: { ...asked, answer } };
}

/** The conversation or the prompt alone, where the model reads nothing besides. */
export function promptOf({ protocol, body }: Pick<GoldenRequest, 'protocol' | 'body'>) {
  if (protocol !== 'invocations' || !isObject(body)) return undefined;
  if (BESIDE.some((name) => body[name] !== undefined && body[name] !== null)) return undefined;
  return promptIn(body);
}

/** The request for the same score after the user's last words alone, without a chat template; undefined where there is no conversation. */
export function bareRequest({ protocol, path, body }: GoldenRequest): GoldenRequest | undefined {
  const { data } = conversation.safeParse(body);
  const prompt = data?.messages.findLast(({ role }) => role === 'user')?.content;
  if (!data || prompt === undefined) return undefined;
  return { protocol, ...(path !== undefined && { path }), body: { prompt, answer: data.answer } };
}

const conversation = z.object({
  answer: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string().check(z.minLength(1)) })),
});

function promptIn({ messages, prompt, inputs }: Readonly<Record<string, unknown>>) {
  if (Array.isArray(messages)) return { messages };
  const text = prompt ?? inputs;
  return typeof text === 'string' && text !== '' ? { prompt: text } : undefined;
}

const answered = z.object({
  choices: z.optional(
    z.array(
      z.object({
        text: z.optional(z.string()),
        message: z.optional(z.object({ content: z.nullish(z.string()) })),
      }),
    ),
  ),
  predictions: z.optional(z.string()),
});

/** The text that an answer of OpenAI's API, or one of `/invocations`, holds. */
function textIn(said: unknown): string {
  const { data } = answered.safeParse(said);
  const choice = data?.choices?.[0];
  return choice?.message?.content ?? choice?.text ?? data?.predictions ?? '';
}

/** Whether one answer goes on where the other has ended: the same words, and another end of them. */
export function endsElsewhere(said: unknown, other: unknown): boolean {
  const [one, two] = [textIn(said), textIn(other)];
  return one !== two && (one.startsWith(two) || two.startsWith(one));
}

function beginning(text: string): string {
  const letters = Array.from(text);
  return letters.length <= MOST_LETTERS ? text : letters.slice(0, MOST_LETTERS).join('').trimEnd();
}

const scored = z.object({ logprob: z.number(), tokens: z.int(), prompt_tokens: z.int() });

/** The score in the answer of a server; undefined where it gave none. */
export function scoreIn(answer: GoldenAnswer): AnswerScore | undefined {
  if (answer.kind === 'none' || answer.status !== 200) return undefined;
  const { data } = scored.safeParse(parseJson(answer.body));
  if (!data || data.tokens < 1) return undefined;
  return { logprob: data.logprob, tokens: data.tokens, promptTokens: data.prompt_tokens };
}
