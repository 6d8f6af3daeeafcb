import type { Message } from './request.ts';

/** An answer as far as it has come; `fault` is empty where nothing went wrong. */
export type Said = { readonly text: string; readonly fault: string; readonly isComing: boolean };

/** A question, and the answers to it by the addresses that were asked, the endpoint's first. */
export type Turn = {
  readonly question: string;
  readonly answers: ReadonlyMap<string, Said>;
};

/**
 * The messages of a conversation as the revision or model at an address has it: its own answers, and to a question that it was not asked the first answer of another one.
 * A question without an answer is left out, since most chat templates refuse two messages of a user in a row.
 */
export function messagesAt(own: string, turns: readonly Turn[]): readonly Message[] {
  return turns.flatMap(({ question, answers }): readonly Message[] => {
    const said = answers.get(own) ?? [...answers.values()][0];
    if (!said || said.text === '') return [];
    return [
      { role: 'user', content: question },
      { role: 'assistant', content: said.text },
    ];
  });
}

/** The turns with a newer state of an answer to the last question. */
export function withAnswer(turns: readonly Turn[], own: string, said: Said): readonly Turn[] {
  const last = turns.at(-1);
  if (!last) return turns;
  return [...turns.slice(0, -1), { ...last, answers: new Map([...last.answers, [own, said]]) }];
}
