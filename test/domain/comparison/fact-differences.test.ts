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
      version(),
      'breaking: its requests go to /invocations; before: to /predict',
    ],
    [
      'in their framework',
      version(),
      version({ framework: { name: 'scikit-learn', version: '1.6.0' } }),
      'harmless: it was made by scikit-learn 1.6.0; before: by scikit-learn 1.5.2',
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
