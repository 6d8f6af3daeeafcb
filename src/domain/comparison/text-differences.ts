import type { ArtifactFacts, TextPreparation } from '#domain/artifact/facts.ts';
import { breaking, type Difference, quoted, suspicious, when } from './difference.ts';

const MOST_SETTINGS = 4;

/**
 * How two versions prepare texts otherwise, and generate otherwise where a request says nothing. Weights are trained with the numbers that one tokenizer gives; a retrained model may have another template or other settings.
 * Empty where their files cannot be compared, and where a record of before says nothing of it.
 */
export function textDifferences(
  before: ArtifactFacts,
  after: ArtifactFacts,
): readonly Difference[] {
  if (!before.text || !after.text) return [];
  return [
    ...(before.text.from === after.text.from ? tokenizerDifferences(before, after) : []),
    ...when(
      isOther(before.text.chatTemplate, after.text.chatTemplate),
      suspicious('its chat template differs, so the model reads conversations in another form'),
    ),
    ...settingDifferences('generates with other settings', [
      before.text.generation,
      after.text.generation,
    ]),
  ];
}

function tokenizerDifferences(before: ArtifactFacts, after: ArtifactFacts): readonly Difference[] {
  const [theirs, own] = [before.text, after.text];
  if (!theirs || !own) return [];
  if (isOther(theirs.vocabulary, own.vocabulary)) return [otherVocabulary(before, after)];
  return [
    ...when(
      isOther(theirs.splitting, own.splitting),
      suspicious('its tokenizer cuts texts into tokens in another way'),
    ),
    ...settingDifferences('has other special tokens', [theirs.tokens, own.tokens]),
  ];
}

function otherVocabulary(before: ArtifactFacts, after: ArtifactFacts): Difference {
  const what = 'its tokenizer gives the tokens other numbers';
  const embeds = after.language?.task === 'embed' || after.pipeline?.task === 'feature-extraction';
  if (embeds) {
    return breaking(
      `${what}, so its vectors lie in another space, and vectors that clients have stored no longer compare with them`,
    );
  }
  const isSameSize = before.parameters !== null && before.parameters === after.parameters;
  if (after.language && isSameSize) {
    return breaking(
      `${what}, and its weights have the same size as before: they belong to one of the two tokenizers only`,
    );
  }
  return suspicious(what);
}

type Settings = TextPreparation['generation'];

/** A setting that only the newer version has is no difference: newer libraries write more of them. */
function settingDifferences(
  how: string,
  [before, after]: readonly [before: Settings, after: Settings],
): readonly Difference[] {
  const changed = Object.entries(before).filter(([name, value]) => after[name] !== value);
  if (changed.length === 0) return [];
  const said = changed
    .slice(0, MOST_SETTINGS)
    .map(([name, value]) => `${quoted(name)} is ${after[name] ?? 'not set'} (before: ${value})`);
  const more = changed.length - said.length;
  return [suspicious(`it ${how}: ${said.join(', ')}${more > 0 ? `, and ${more} more` : ''}`)];
}

function isOther(before: string | null, after: string | null): boolean {
  return before !== null && after !== null && before !== after;
}
