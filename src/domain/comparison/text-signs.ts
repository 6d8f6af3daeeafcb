import { boundedJson } from '#domain/rollout/answer-json.ts';
import { isObject } from '#domain/rollout/json-difference.ts';
import type { LeafPair } from './answer-content.ts';

type TextPair = { readonly before: string; readonly after: string };

/** Fewer texts could show it by chance. */
const ENOUGH_TEXTS = 10;
/** The shares before and now: what nearly all had, half have lost; what hardly any had, a third have. */
const NEARLY_ALL = 0.9;
const AT_MOST_HALF = 0.5;
const HARDLY_ANY = 0.1;
const A_THIRD = 0.3;
/** Texts of so many letters before, most of which are so many times as long or as short now: generation ends too soon, or does not end by itself. */
const LONG = 20;
const TIMES = 5;

// The beginnings by which language models say that they will not answer.
const REFUSAL =
  /^\W*(i['’]?m sorry|i am sorry|sorry,|i can(no|['’])t|i can not|i am unable|i['’]?m unable|i won['’]t|as an ai\b)/i;

/** The signs in texts that a model is broken, each as a sentence: no JSON where JSON was written, nothing, refusals, or another length altogether. A retrained model writes other texts, but it writes them in the same form. */
export function textSigns(where: string, pairs: readonly LeafPair[]): readonly string[] {
  const texts = pairs.flatMap(({ before, after }) =>
    typeof before === 'string' && typeof after === 'string' ? [{ before, after }] : [],
  );
  if (texts.length < ENOUGH_TEXTS) return [];
  return [lostJson(where, texts), ...grown(where, texts), otherLength(where, texts)].flatMap(
    (sign) => sign ?? [],
  );
}

function lostJson(where: string, texts: readonly TextPair[]): string | undefined {
  const [before, after] = counts(texts, isJson);
  if (before < texts.length * NEARLY_ALL || after > texts.length * AT_MOST_HALF) return undefined;
  return `${after} of ${texts.length} texts in ${where} are JSON; before, ${before} were`;
}

function grown(where: string, texts: readonly TextPair[]): readonly string[] {
  const kinds = [
    ['are empty', (text: string) => text.trim() === ''],
    ['refuse to answer', (text: string) => REFUSAL.test(text)],
  ] as const;
  return kinds.flatMap(([what, isSo]) => {
    const [before, after] = counts(texts, isSo);
    if (before > texts.length * HARDLY_ANY || after < texts.length * A_THIRD) return [];
    return [`${after} of ${texts.length} texts in ${where} ${what}; before, ${before} did so`];
  });
}

function otherLength(where: string, texts: readonly TextPair[]): string | undefined {
  const long = texts.filter(({ before }) => before.length >= LONG);
  if (long.length < ENOUGH_TEXTS) return undefined;
  const longer = long.filter(({ before, after }) => after.length >= TIMES * before.length).length;
  // Empty texts have a sign of their own.
  const shorter = long.filter(
    ({ before, after }) => after.trim() !== '' && after.length * TIMES <= before.length,
  ).length;
  if (Math.max(longer, shorter) <= long.length * AT_MOST_HALF) return undefined;
  const [count, what] = longer > shorter ? [longer, 'long'] : [shorter, 'short'];
  return `${count} of ${long.length} texts in ${where} are ${TIMES} times as ${what} as before, or more`;
}

function counts(
  texts: readonly TextPair[],
  isSo: (text: string) => boolean,
): readonly [before: number, after: number] {
  return [
    texts.filter(({ before }) => isSo(before)).length,
    texts.filter(({ after }) => isSo(after)).length,
  ];
}

/** A list or an object: any number is JSON too. */
function isJson(text: string): boolean {
  // Most texts are labels, and a parser that throws for each of thousands takes longer than all other signs.
  if (!/^\s*[[{]/.test(text)) return false;
  const value = boundedJson(text);
  return Array.isArray(value) || isObject(value);
}
