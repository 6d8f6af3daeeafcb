import MESSAGES from './messages.json' with { type: 'json' };

/** The sentence of that name with these values in its places, in their order. Both model servers have the same sentences: messages.json. */
export function worded(name: keyof typeof MESSAGES, ...values: readonly unknown[]): string {
  let at = 0;
  return MESSAGES[name].replaceAll(PLACE, () => String(values[at++]));
}

const PLACE = /\{[A-Za-z]+\}/g;
