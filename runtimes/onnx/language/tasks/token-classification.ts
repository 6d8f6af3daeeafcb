import type { Tokenizing } from '../tokens.ts';
import {
  type Asked,
  bestOf,
  choiceParameter,
  type Engine,
  isText,
  jsonTensor,
  row,
  SENTENCE,
  type Single,
  softmax,
  type Task,
  TEXT,
  textsOf,
  valuesOf,
} from './task.ts';

type Found = {
  readonly entity: string;
  readonly score: number;
  readonly index: number;
  readonly word: string;
  readonly start: number;
  readonly end: number;
};
type Strategy = 'simple' | 'none';

const OUTSIDE = 'O';

/** The parts of a text with their labels: by default, tokens that follow each other with the same label are one entity, like transformers' `simple` strategy. */
export function tokenClassification(engine: Engine, tokenizing: Tokenizing): Task {
  const { labels } = engine.folder;
  const answered = async (texts: readonly string[], strategy: Strategy, asked: Asked) => {
    const answers = await engine.run(texts, asked);
    return answers.map((each, at) => {
      const found = labelled(texts[at] ?? '', each, { labels, unknownId: tokenizing.unknownId });
      return strategy === 'none' ? found.filter(isInside) : grouped(found, tokenizing);
    });
  };
  return {
    inputs: [TEXT],
    outputs: [{ name: 'answer', datatype: 'BYTES', shape: [-1] }],
    parameters: ['aggregation_strategy'],
    example: SENTENCE,
    isItem: isText,
    answers: (items, parameters, asked) =>
      answered(
        items.filter(isText),
        choiceParameter(parameters, 'aggregation_strategy', ['simple', 'none']) ?? 'simple',
        asked,
      ),
    tensors: async (inputs, asked) => [
      jsonTensor('answer', await answered(textsOf(inputs), 'simple', asked)),
    ],
  };
}

type Naming = { readonly labels: readonly string[]; readonly unknownId: number | null };

/** The most likely label of each token. */
function labelled(
  text: string,
  { tokens, answer }: Single,
  { labels, unknownId }: Naming,
): readonly Found[] {
  const logits = valuesOf(answer, 'logits');
  const { encoding, ids } = tokens;
  const [offsets, specials] = [encoding.getOffsets(), encoding.getSpecialTokensMask()];
  const texts = encoding.getTokens();
  const characters = [...text];
  return ids.flatMap((id, index): Found[] => {
    if (specials[index] === 1) return [];
    const scores = softmax(row(logits, index));
    const best = bestOf(scores);
    const [start = 0, end = 0] = offsets[index] ?? [];
    const word = id === unknownId ? characters.slice(start, end).join('') : (texts[index] ?? '');
    const entity = labels[best] ?? `LABEL_${best}`;
    return [{ entity, score: scores[best] ?? 0, index, word, start, end }];
  });
}

function isInside({ entity }: Found): boolean {
  return entity !== OUTSIDE;
}

function grouped(found: readonly Found[], tokenizing: Tokenizing) {
  const groups = groupsOf(found).map((group) => groupOf(group, tokenizing));
  return groups.filter(({ entity_group }) => entity_group !== OUTSIDE);
}

/** Groups of tokens that follow each other with one label; a `B-` begins a new group. */
function groupsOf(found: readonly Found[]): readonly (readonly Found[])[] {
  const groups: Found[][] = [];
  for (const each of found) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const [begins, tag] = tagOf(each.entity);
    if (group && last && !begins && tag === tagOf(last.entity)[1]) group.push(each);
    else groups.push([each]);
  }
  return groups;
}

/** The prefix of a label; a label without one counts as inside. */
function tagOf(entity: string): readonly [begins: boolean, tag: string] {
  return /^[BI]-/.test(entity) ? [entity.startsWith('B-'), entity.slice(2)] : [false, entity];
}

function groupOf(group: readonly Found[], { join }: Tokenizing) {
  const [first] = group;
  const entity = first?.entity ?? '';
  return {
    entity_group: entity.slice(entity.indexOf('-') + 1),
    score: group.reduce((sum, { score }) => sum + score, 0) / group.length,
    word: join(group.map(({ word }) => word)),
    start: first?.start ?? 0,
    end: group.at(-1)?.end ?? 0,
  };
}
