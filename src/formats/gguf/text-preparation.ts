import type { TextPreparation } from '#domain/artifact/facts.ts';
import { shortDigest, writtenSettings } from '#formats/bytes/digests.ts';
import type { GgufValue } from './values.ts';

type Values = ReadonlyMap<string, GgufValue>;

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer
const TOKENIZER = 'tokenizer.ggml.';
const TOKENS = 'tokenizer.ggml.tokens';
const TEMPLATE = /^tokenizer\.chat_template(\.|$)/;
const SAMPLING = 'general.sampling.';
// The server fills nothing up.
const WITHOUT_EFFECT = 'tokenizer.ggml.padding_token_id';

/** How a GGUF file prepares texts, whatever the order of its keys. */
export function preparationOf(values: Values): TextPreparation {
  const of = (isOwn: (key: string) => boolean) =>
    [...values].filter(([key]) => isOwn(key)).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const tokenizer = of((key) => key.startsWith(TOKENIZER) && key !== WITHOUT_EFFECT);
  const templates = of((key) => TEMPLATE.test(key));
  return {
    from: 'gguf',
    vocabulary: digestOf(tokenizer.filter(([key]) => key === TOKENS)),
    splitting: digestOf(tokenizer.filter(([key, value]) => key !== TOKENS && !isSetting(value))),
    tokens: settingsOf(tokenizer, TOKENIZER),
    chatTemplate: digestOf(templates.filter(([, value]) => value !== '')),
    generation: settingsOf(
      of((key) => key.startsWith(SAMPLING)),
      SAMPLING,
    ),
  };
}

// The tokens at which llama.cpp ends an answer besides those that it knows by their names, and the type of a token that texts have.
const ENDS = ['eos', 'eot', 'eom'].map((name) => `${TOKENIZER}${name}_token_id`);
const NORMAL = 1;

/** Whether answers end at a token that texts have too, such as a full stop. llama.cpp aborts where its grammar needs such a token in the middle. */
export function endsByText(values: Values): boolean {
  const types = values.get('tokenizer.ggml.token_type');
  if (typeof types !== 'object' || !('at' in types)) return false;
  return ENDS.some((key) => {
    const id = values.get(key);
    return typeof id === 'number' && types.at?.(id) === NORMAL;
  });
}

type Entries = readonly (readonly [string, GgufValue])[];

/** Null where there is nothing, or a part of it is too large to have a digest. */
function digestOf(entries: Entries): string | null {
  const digests = entries.map(([key, value]) => [key, isSetting(value) ? value : value.sha256]);
  if (entries.length === 0 || digests.some(([, digest]) => digest === undefined)) return null;
  return shortDigest(JSON.stringify(digests));
}

function settingsOf(entries: Entries, prefix: string): Readonly<Record<string, string>> {
  const settings = entries.filter(([, value]) => isSetting(value));
  return writtenSettings(settings.map(([key, value]) => [key.slice(prefix.length), value]));
}

function isSetting(value: GgufValue): value is string | number | boolean {
  return typeof value !== 'object';
}
