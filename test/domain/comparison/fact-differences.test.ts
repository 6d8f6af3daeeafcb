import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import { factDifferences, type KnownVersion } from '#domain/comparison/fact-differences.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';

const FACTS: ArtifactFacts = {
  format: 'sklearn',
  formatVersion: 'pickle 4',
  framework: { name: 'scikit-learn', version: '1.5.2' },
  pythonVersion: '3.12',
  requirements: [],
  signature: null,
  takesColumns: false,
  parameters: 1000,
  weightBytes: 4000,
  dtypes: ['FP64'],
  memory: [],
  example: null,
  entrypoint: null,
  archives: [],
  unpacking: [],
  modelFile: 'model.joblib',
  sizeBytes: 4000,
};
const SIGNATURE = {
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 4] }],
  outputs: [],
} as const;
const PIPELINE = {
  task: 'feature-extraction',
  architecture: 'BertModel',
  labels: [],
  maxTokens: 256,
  pooling: 'mean',
  normalizes: true,
  tokenizer: 'WordPiece',
  hasChatTemplate: false,
} as const;
const LANGUAGE = {
  task: 'generate',
  contextTokens: 4096,
  requestsAtOnce: 1,
  hasChatTemplate: true,
} as const;

const TEXT = {
  from: 'gguf',
  vocabulary: 'v1',
  splitting: 's1',
  tokens: { eos_token_id: '2', pre: '"smollm"' },
  chatTemplate: 'c1',
  generation: { temp: '0.6' },
} as const;

const version = (
  facts: Partial<ArtifactFacts> = {},
  { manifest = {}, ...known }: { manifest?: object } & Partial<Omit<KnownVersion, 'manifest'>> = {},
): KnownVersion => ({
  facts: { ...FACTS, ...facts },
  manifest: manifestSchema.parse(manifest),
  signature: SIGNATURE,
  takesColumns: false,
  ...known,
});

const between = (before: KnownVersion, after: KnownVersion) =>
  factDifferences(before, after).map(({ weight, what }) => `${weight}: ${what}`);

describe('two versions differ', () => {
  it('in nothing where they are the same', () => {
    expect(between(version(), version())).toEqual([]);
  });

  it.each<[string, KnownVersion, KnownVersion, string]>([
    [
      'where one takes a tensor and the other columns',
      version(),
      version({}, { takesColumns: true }),
      'breaking: it takes named columns; before: one tensor',
    ],
    [
      'where only the older one declares its inputs',
      version(),
      version({}, { signature: null }),
      'suspicious: it does not declare its inputs; the version before did',
    ],
    [
      'in their task',
      version({ pipeline: PIPELINE }),
      version({ pipeline: { ...PIPELINE, task: 'text-classification' } }),
      'breaking: its task is text-classification; before: feature-extraction',
    ],
    [
      'in the space of their vectors, though both have as many numbers',
      version({ pipeline: PIPELINE }),
      version({ pipeline: { ...PIPELINE, pooling: 'cls' } }),
      'breaking: its vectors lie in another space',
    ],
    [
      'in the order of their labels',
      version({ pipeline: { ...PIPELINE, labels: ['bad', 'good'] } }),
      version({ pipeline: { ...PIPELINE, labels: ['good', 'bad'] } }),
      'breaking: the labels of the model are in another order: "good", "bad"; before: "bad", "good"',
    ],
    [
      'in the longest text that they read',
      version({ pipeline: PIPELINE }),
      version({ pipeline: { ...PIPELINE, maxTokens: 128 } }),
      'suspicious: it reads 128 tokens of a text; before: 256',
    ],
    [
      'in the context of a language model',
      version({ language: LANGUAGE }),
      version({ language: { ...LANGUAGE, contextTokens: 2048 } }),
      'breaking: a request and its answer may have 2048 tokens; before: 4096',
    ],
    [
      'where only the older one converses',
      version({ language: LANGUAGE }),
      version({ language: { ...LANGUAGE, hasChatTemplate: false } }),
      'breaking: it has no chat template, so it answers no conversations any more',
    ],
    [
      'in the tokenizer of weights that have the same size',
      version({ language: LANGUAGE, text: TEXT }),
      version({ language: LANGUAGE, text: { ...TEXT, vocabulary: 'v2', splitting: 's2' } }),
      'breaking: its tokenizer gives the tokens other numbers, and its weights have the same size as before',
    ],
    [
      'in the tokenizer that vectors rest on',
      version({ pipeline: PIPELINE, text: TEXT }),
      version({ pipeline: PIPELINE, text: { ...TEXT, vocabulary: 'v2' } }),
      'breaking: its tokenizer gives the tokens other numbers, so its vectors lie in another space',
    ],
    [
      'in the tokenizer of a classifier that may have been trained with it',
      version({ pipeline: { ...PIPELINE, task: 'text-classification' }, text: TEXT }),
      version({
        pipeline: { ...PIPELINE, task: 'text-classification' },
        text: { ...TEXT, vocabulary: 'v2' },
      }),
      'suspicious: its tokenizer gives the tokens other numbers',
    ],
    [
      'in how texts are cut',
      version({ text: TEXT }),
      version({ text: { ...TEXT, splitting: 's2' } }),
      'suspicious: its tokenizer cuts texts into tokens in another way',
    ],
    [
      'in their special tokens, as far as both set them',
      version({ text: TEXT }),
      version({ text: { ...TEXT, tokens: { eos_token_id: '3', bos_token_id: '1' } } }),
      'suspicious: it has other special tokens: "eos_token_id" is 3 (before: 2), "pre" is not set (before: "smollm")',
    ],
    [
      'in their chat template',
      version({ language: LANGUAGE, text: TEXT }),
      version({ language: LANGUAGE, text: { ...TEXT, chatTemplate: 'c2' } }),
      'suspicious: its chat template differs, so the model reads conversations in another form',
    ],
    [
      'in the settings by which they generate',
      version({ text: { ...TEXT, generation: { a: '1', b: '1', c: '1', d: '1', e: '1' } } }),
      version({ text: { ...TEXT, generation: { a: '2', b: '2', c: '2', d: '2', e: '2' } } }),
      'suspicious: it generates with other settings: "a" is 2 (before: 1), "b" is 2 (before: 1), "c" is 2 (before: 1), "d" is 2 (before: 1), and 1 more',
    ],
    [
      'in a name that clients of OpenAI use',
      version({}, { manifest: { server: { aliases: ['gpt-4o', 'ours'] } } }),
      version({}, { manifest: { server: { aliases: ['ours'] } } }),
      'breaking: it no longer answers to the name "gpt-4o"',
    ],
    [
      'where only the older one answers requests with more columns',
      version(),
      version({}, { manifest: { server: { extraColumns: 'refuse' } } }),
      'breaking: it refuses requests with more columns than it has',
    ],
    [
      'in the path of their requests',
      version({}, { manifest: { runtime: { requestPath: '/predict' } } }),
      version({}, { manifest: { runtime: { requestPath: '/answer' } } }),
      'breaking: its requests go to /answer; before: to /predict',
    ],
    [
      'in their framework',
      version(),
      version({ framework: { name: 'scikit-learn', version: '1.6.0' } }),
      'harmless: it was made by scikit-learn 1.6.0; before: by scikit-learn 1.5.2',
    ],
    [
      'in what their trees were trained for',
      version({ format: 'xgboost', objective: 'reg:squarederror' }),
      version({ format: 'xgboost', objective: 'count:poisson' }),
      'suspicious: it was trained for count:poisson; before: for reg:squarederror',
    ],
    [
      'in their size',
      version(),
      version({ parameters: 100 }),
      'suspicious: it has 100 parameters; before: 1,000',
    ],
    [
      'in the precision of their numbers',
      version(),
      version({ dtypes: ['FP16'] }),
      'suspicious: its numbers are FP16; before: FP64',
    ],
  ])('%s', (_, before, after, difference) => {
    expect(between(before, after)).toEqual([expect.stringContaining(difference)]);
  });

  it.each<[string, Partial<ArtifactFacts>]>([
    ['another framework has names of its own', { format: 'lightgbm', objective: 'regression' }],
    ['one of them is not known', { format: 'xgboost' }],
  ])('in nothing by what their trees were trained for where %s', (_, facts) => {
    const before = version({ format: 'xgboost', objective: 'reg:squarederror' });

    expect(between(before, version(facts)).join()).not.toContain('trained for');
  });

  it.each<[string, ArtifactFacts['text']]>([
    ['the record of the version before says nothing of them', undefined],
    ['they are read from another kind of file', { ...TEXT, from: 'tokenizer.json' }],
    [
      'a part of them is not known',
      { ...TEXT, vocabulary: null, splitting: null, chatTemplate: null },
    ],
  ])('in nothing by their tokenizers where %s', (_, text) => {
    const before = version(text === undefined ? {} : { text });
    const after = version({
      text: { ...TEXT, vocabulary: 'v2', splitting: 's2', ...(text && { tokens: text.tokens }) },
    });

    expect(between(before, after)).toEqual([]);
  });

  it('in so many ways that the last one counts the rest', () => {
    const wide = (prefix: string) => ({
      inputs: Array.from({ length: 200 }, (_, index) => ({
        name: `${prefix}${index}`,
        datatype: 'FP64' as const,
        shape: [-1, 1],
      })),
      outputs: Array.from({ length: 200 }, (_, index) => ({
        name: `y${index}`,
        datatype: prefix === 'a' ? ('FP64' as const) : ('BYTES' as const),
        shape: [-1],
      })),
    });

    const found = between(
      version({}, { signature: wide('a') }),
      version({}, { signature: wide('b') }),
    );

    expect(found).toHaveLength(51);
    expect(found[0]).toBe(
      'breaking: it no longer takes the input "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7" and 192 more',
    );
    expect(found.at(-1)).toBe('breaking: and 152 more');
  });
});

describe('the settings of a model.yaml', () => {
  const set = version({}, { manifest: { capture: {}, rollout: { bakeSeconds: 60 } } });

  it('are named where the version before had them and this one does not', () => {
    expect(between(set, version())).toEqual([
      'harmless: it came without "rollout", "capture" in model.yaml, which the version before had: the defaults hold',
    ]);
  });

  it('are not named where they are new or set otherwise', () => {
    const otherwise = { capture: { days: 3 }, rollout: { bakeSeconds: 30 } };

    expect(between(version(), set)).toEqual([]);
    expect(between(set, version({}, { manifest: otherwise }))).toEqual([]);
  });

  it('are not named where they were those of one release', () => {
    const declared = version({}, { manifest: { gate: { replaces: 3, expect: { changed: 0.5 } } } });

    expect(between(declared, version())).toEqual([]);
  });

  it('were at their defaults where the Slipway that read them did not know them', () => {
    const { gate: _, ...manifest } = manifestSchema.parse({});

    expect(between({ ...version(), manifest } as KnownVersion, version())).toEqual([]);
  });
});

describe('labels that gate.expect declares', () => {
  const labelled = (labels: readonly string[], expected: object = {}) => {
    const task = 'text-classification' as const;
    const manifest = { gate: { expect: { labels: expected } } };
    return version({ pipeline: { ...PIPELINE, task, labels } }, { manifest });
  };
  const between = (before: readonly string[], after: readonly string[], expected: object) =>
    factDifferences(labelled(before), labelled(after, expected)).map(
      ({ weight, what }) => `${weight}: ${what}`,
    );

  it.each<[string, readonly string[], readonly string[], object, readonly string[]]>([
    [
      'are harmless where they are new, also between others',
      ['cat', 'dog'],
      ['cat', 'cow', 'dog'],
      { added: ['cow'] },
      ['harmless: the model has other labels, as gate.expect declares: "cow" is new'],
    ],
    [
      'are harmless where they are gone',
      ['cat', 'dog'],
      ['dog'],
      { removed: ['cat'] },
      ['harmless: the model has other labels, as gate.expect declares: "cat" is gone'],
    ],
    [
      'are harmless where they have another name, also where they are sorted by it',
      ['cat', 'dog'],
      ['dog', 'feline'],
      { renamed: { cat: 'feline' } },
      ['harmless: the model has other labels, as gate.expect declares: "cat" is "feline" now'],
    ],
    [
      'are breaking where the others are in another order',
      ['dog', 'cat'],
      ['cat', 'dog', 'owl'],
      { added: ['owl'] },
      [
        'breaking: the labels of the model are in another order: "cat", "dog"; before: "dog", "cat"',
        'harmless: the model has other labels, as gate.expect declares: "owl" is new',
      ],
    ],
    [
      'leave others breaking',
      ['cat', 'dog'],
      ['cow'],
      { removed: ['cat'], added: ['cow'] },
      [
        'breaking: the model no longer has the label "dog"',
        'harmless: the model has other labels, as gate.expect declares: "cat" is gone, "cow" is new',
      ],
    ],
    [
      'are breaking where it does not have them',
      ['cat', 'dog'],
      ['cat', 'dog'],
      { added: ['cow'], renamed: { dog: 'hound' } },
      [
        'breaking: gate.expect declares the label "cow", "hound", but it has none of this name',
        'breaking: gate.expect declares that the label "dog" is gone, but it is not',
      ],
    ],
    [
      'may change places',
      ['cat', 'dog'],
      ['dog', 'cat'],
      { renamed: { cat: 'dog', dog: 'cat' } },
      [
        'harmless: the model has other labels, as gate.expect declares: "cat" is "dog" now, "dog" is "cat" now',
      ],
    ],
    ['say nothing where both versions have them', ['cat'], ['cat'], { added: ['cat'] }, []],
    ['say nothing where no labels are known', [], [], { added: ['cat'] }, []],
  ])('%s', (_, before, after, expected, differences) => {
    expect(between(before, after, expected)).toEqual(differences);
  });
});
