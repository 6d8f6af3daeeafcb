import { inspectSpacy, isSpacy } from '#formats/spacy/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';

const META = { lang: 'en', name: 'm', spacy_version: '>=3.8.0,<3.9.0' };
const CONFIG = `[paths]
train = null

[nlp]
lang = "en"
pipeline = ["tok2vec","ner"]
before_creation = null
tokenizer = {"@tokenizers":"spacy.Tokenizer.v1"}

[components]

[components.ner]
factory = "ner"
scorer = {"@scorers":"spacy.ner_scorer.v1"}

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
hidden_width = 64

[components.ner.model.linear]
@layers = "reduce_mean.v1"

[training.optimizer]
@optimizers = "mine.Adam"
`;

const ELSEWHERE = `
[system]
seed = 7
name = "a name"

[hidden]
@readers = "srsly.read_json.v1"
path = "/etc/passwd"
name = "srsly.read_json.v1"
object = {"@readers":"srsly.read_json.v1","path":"/etc/passwd"}
on = \${hidden}

[hidden.deep]
@readers = "srsly.read_json.v1"
`;

const referring = (reference: string) => ({
  config:
    CONFIG.replace('factory = "ner"', () => `factory = "ner"\nmoves = ${reference}`) + ELSEWHERE,
});

type Changes = { readonly meta?: object | string | null; readonly config?: string | null };

function filesOf({ meta = META, config = CONFIG }: Changes = {}) {
  const written = typeof meta === 'string' ? meta : JSON.stringify(meta);
  return [
    ...(meta === null ? [] : [memoryFile('en/meta.json', written)]),
    ...(config === null ? [] : [memoryFile('en/config.cfg', config)]),
    memoryFile('en/ner/model', 'x'.repeat(100)),
    memoryFile('README.md', 'x'),
  ];
}

const inspected = (changes: Changes = {}) => inspectSpacy(filesOf(changes), 'en');
const without = (from: string, to: string) => ({ config: CONFIG.replace(from, to) });

describe('a pipeline of spaCy', () => {
  it('says of which components it is, and which spaCy it wants', async () => {
    const found = await inspected();

    expect(found).toMatchObject({
      format: 'spacy',
      formatVersion: 'spaCy >=3.8.0,<3.9.0',
      requirements: ['spacy>=3.8.0,<3.9.0'],
      pythonVersion: null,
      components: ['ner'],
      signature: {
        inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
        outputs: [{ name: 'entities' }],
      },
    });
    expect(found.weightBytes).toBe(100 + CONFIG.length + JSON.stringify(META).length);
  });

  it.each([
    ['a plain value elsewhere', `\${paths.train}`],
    ['a number elsewhere', `\${system.seed}`],
    ['a word elsewhere', `\${system.name}`],
    ['a value of another component', `\${components.ner.model:hidden_width}`],
    ['a part of another component', `\${components.ner.model.linear}`],
    ['a value beside it', `\${factory}`],
  ])('is served where it refers to %s', async (_, reference) => {
    await expect(inspected(referring(reference))).resolves.toMatchObject({ components: ['ner'] });
  });

  it.each([
    ['a section elsewhere', `\${hidden}`],
    ['a section below one elsewhere', `\${hidden.deep}`],
    ['a function elsewhere', `\${hidden.object}`],
    ['the name of a function elsewhere', `\${hidden.@readers}`],
    ['what refers on', `\${hidden.on}`],
    ['nothing that is there', `\${nobody.here}`],
    ['several values at once', `\${system.seed}\${system.seed}`],
    ['a function within a text', `{"@misc": \${hidden.name}}`],
    ['what is escaped in part', `$\${system.seed}\${hidden}`],
  ])('is refused where it refers to %s', async (_, reference) => {
    await expect(inspected(referring(reference))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(' in [components.ner]'),
    });
    const inNlp = CONFIG.replace('before_creation = null', () => `vectors = ${reference}`);
    await expect(inspected({ config: inNlp + ELSEWHERE })).rejects.toThrow(' in [nlp]');
  });

  it('is refused where a section is a part of every other', async () => {
    const config = `[DEFAULT]\nsource = "elsewhere"\n\n${CONFIG}`;

    await expect(inspected({ config })).rejects.toThrow('`[DEFAULT]` in line 1');
  });

  it('answers categories where it has a component of them', async () => {
    const { signature } = await inspected(without('factory = "ner"', 'factory = "textcat"'));

    expect(signature?.outputs.map(({ name }) => name)).toEqual(['entities', 'categories']);
  });

  it.each([
    ['>=3.2.0,<3.3.0', '3.9', ['numpy<2']],
    ['>=3.4.4,<3.5.0', '3.10', ['numpy<2']],
    ['>=3.6.0,<3.7.0', '3.11', ['numpy<2']],
    ['>=3.7.2,<3.8.0', null, ['numpy<2']],
    ['~=3.8', null, []],
  ])('of %s is on a Python that has it', async (versions, python, more) => {
    expect(await inspected({ meta: { ...META, spacy_version: versions } })).toMatchObject({
      pythonVersion: python,
      requirements: [`spacy${versions}`, ...more],
    });
  });

  it.each<[string, Changes, string]>([
    [
      'a component of its owner',
      without('factory = "ner"', 'factory = "mine"'),
      'en/config.cfg has the component `mine`, which is not of spaCy itself',
    ],
    [
      'a component of another package',
      without('factory = "ner"', 'source = "en_core_web_lg"'),
      'the component `ner` of another package, `en_core_web_lg`',
    ],
    [
      'a function of its owner',
      without('spacy.TransitionBasedParser.v2', 'mine.Parser.v1'),
      'the function `mine.Parser.v1` in [components.ner.model]',
    ],
    [
      'a function of its owner in a value',
      without('spacy.Tokenizer.v1', 'os.system'),
      'the function `os.system` in [nlp]',
    ],
    [
      'a callback',
      without('before_creation = null', 'before_creation = {"@callbacks":"spacy.x.v1"}'),
      'the callback `before_creation`',
    ],
    [
      'another way to write a setting',
      without('lang = "en"', 'lang: x = "en"'),
      '`lang: x = "en"` in line 5',
    ],
    [
      "a function whose key is written by its letters' numbers",
      without('"@scorers"', '"\\u0040scorers"'),
      'with a letter by its number, which spaCy does not write',
    ],
    ...['spacy.KBFromFile.v1', 'spacy.copy_from_base_model.v1', 'spacy.ConsoleLogger.v3'].map(
      (called): [string, Changes, string] => [
        `${called}, which reaches other files`,
        without('spacy.TransitionBasedParser.v2', called),
        `the function \`${called}\` in [components.ner.model], which reads or writes other files`,
      ],
    ),
    ['a setting before a section', { config: 'a = 1' }, '`a = 1` in line 1'],
    ['a setting twice', without('lang = "en"', 'lang = "en"\nlang = "de"'), 'in line 6'],
    ['a section twice', { config: `${CONFIG}[nlp]\n` }, '`[nlp]` in line'],
    ['a line that belongs to none', { config: `[nlp]\n  a = 1\n` }, '`a = 1` in line 2'],
    ['no section of the pipeline', { config: '[paths]\n' }, 'has no section [nlp]'],
    ['lines without end', { config: '\n'.repeat(30_000) }, 'lines; the limit is'],
    ['no description', { meta: null }, 'en/meta.json is missing'],
    ['no settings', { config: null }, 'en/config.cfg is missing'],
    ['a description that is no JSON', { meta: '{' }, 'en/meta.json is no JSON'],
    ['a version that is none', { meta: { spacy_version: '@ http://x' } }, 'names no version'],
    ['no version', { meta: [] }, 'names no version'],
  ])('with %s is refused', async (_, changes, message) => {
    await expect(inspected(changes)).rejects.toThrow(message);
  });

  it.each<[string, string, string | Buffer]>([
    ['a pickle', 'en/ner/model', Buffer.from('\x80\x04\x95', 'latin1')],
    [
      'vectors that are a pickle',
      'en/vocab/vectors',
      Buffer.from("\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, }", 'latin1'),
    ],
  ])('with %s is refused', async (_, name, bytes) => {
    const files = filesOf().filter((file) => file.name !== name);

    await expect(inspectSpacy([...files, memoryFile(name, bytes)], 'en')).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: `${name} is a pickle, which can run any code when it is loaded; spaCy saves none`,
    });
  });

  it('takes vectors that are numbers', async () => {
    const head = "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, }";
    const vectors = memoryFile('en/vocab/vectors', Buffer.from(head, 'latin1'));

    await expect(inspectSpacy([...filesOf(), vectors], 'en')).resolves.toBeDefined();
  });

  it('of more files than any is refused', async () => {
    const many = Array.from({ length: 600 }, (_, at) => memoryFile(`en/x/${at}`, ''));

    await expect(inspectSpacy([...filesOf(), ...many], 'en')).rejects.toThrow(
      'has 603 files; the limit is 500',
    );
  });

  it('takes a value of several lines', async () => {
    await expect(
      inspected(without('pipeline = ["tok2vec","ner"]', 'pipeline = ["tok2vec",\n  "ner"]')),
    ).resolves.toBeDefined();
  });

  it('is told by its description, which alone does not make it one', async () => {
    expect(await isSpacy(filesOf(), 'en')).toBe(true);
    expect(await isSpacy(filesOf({ meta: { a: 1 } }), 'en')).toBe(false);
    expect(await isSpacy(filesOf({ meta: null }), 'en')).toBe(false);
  });
});
