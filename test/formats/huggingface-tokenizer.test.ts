import { runawayFault } from '#formats/huggingface/regex-bounds.ts';
import { soundTokenizer } from '#formats/huggingface/tokenizer-file.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { TOKENIZER } from '../support/models/hugging-face.ts';

const written = (more: object) => JSON.stringify({ ...TOKENIZER, ...more });
const sound = (text: string) => soundTokenizer(memoryFile('tokenizer.json', text));
const split = (pattern: string) =>
  written({ pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' } });
const GPT_4 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const GPT_2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const GPT_4O = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const DEEPSEEK = String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${'`'}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const TIKTOKEN = String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`;

describe('a tokenizer.json', () => {
  it('is taken with the patterns and maps that real ones have', async () => {
    const map = { type: 'Precompiled', precompiled_charsmap: 'A'.repeat(400_000) };

    await expect(sound(split(GPT_4))).resolves.toBeDefined();
    await expect(sound(written({ normalizer: map }))).resolves.toBeDefined();
  });

  it('is taken with a word that is called as a pattern is, and one that looks like it', async () => {
    const vocab = { Regex: 0, '(a+)+': 1, '\\': 2, '"Regex": "(a+)+"': 3 };

    await expect(sound(written({ model: { type: 'BPE', vocab } }))).resolves.toBeDefined();
  });

  it.each<[string, string, string]>([
    ['nests without end', `${'['.repeat(1e5)}${']'.repeat(1e5)}`, 'nests more than 64 deep'],
    [
      'nests without end in objects',
      `${'{"normalizer":'.repeat(1000)}{}${'}'.repeat(1000)}`,
      'nests more than 64 deep',
    ],
    [
      'has a map larger than any',
      written({ normalizer: { precompiled_charsmap: 'A'.repeat(5 * 2 ** 20) } }),
      'has a text of more than 4194304 bytes',
    ],
    ['is cut short', written({}).slice(0, -1), 'what it opens is not closed'],
    ['is cut short in a word', written({}).slice(0, -5), 'what it opens is not closed'],
    ['closes what it has not opened', '}', 'it closes what it has not opened'],
    ['has a pattern that runs away', split('^(a+)+$'), 'has the pattern `^(a+)+$`'],
    [
      'has one behind white space',
      split('(a+)+').replace('"Regex":', '"Regex" :\n '),
      'has the pattern `(a+)+`',
    ],
    [
      'has one whose letters are numbers',
      split('(a+)+').replace('(a+)+', String.raw`\u0028a+\u0029+`),
      'has the pattern `(a+)+`',
    ],
    [
      'has one whose key is written by its letters’ numbers',
      split('(a+)+').replace('"Regex"', String.raw`"\u0052egex"`),
      'has the pattern `(a+)+`',
    ],
    [
      'has one whose key is numbers alone',
      split('(a+)+').replace('"Regex"', String.raw`"\u0052\u0065\u0067\u0065\u0078"`),
      'has the pattern `(a+)+`',
    ],
    [
      'has a pattern that goes by what it took',
      split(String.raw`(a*)\1+`),
      String.raw`which has \1, by which what it takes depends on what it took`,
    ],
    ['has a pattern without end', split('a'.repeat(10_000)), 'a pattern of 10000 characters'],
  ])('that %s is refused', async (_, text, message) => {
    await expect(sound(text)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it('larger than any is refused unread', async () => {
    const file = { name: 't', sizeBytes: 2 ** 30, open: () => Promise.reject(new Error('opened')) };

    await expect(soundTokenizer(file)).rejects.toThrow('t is 1073741824 bytes; the limit');
  });
});

describe('a pattern', () => {
  it.each([
    '(a+)+$',
    '(a*)*',
    '((a+))+',
    '(?:a|b+)+',
    '(a{2,})+',
    '([a-z]+)*x',
    '(?i)(?:a+)*x',
    '(a?b*)+',
    String.raw`(\w+\s?)*$`,
    String.raw`(\p{L}+)+`,
    // Six that were taken for sound.
    '(a|a)+b',
    '(a+a)+b',
    '(?:aa|a)+b',
    '(a?){40}b',
    '(?:a|a){40}b',
    'a*a*a*a*a*a*b',
    // And others like them.
    'a+*b',
    '(a{1,2})+b',
    'a{1,3}+b',
    String.raw`(\w|\d)+x`,
    '(?:[a-c]|[b-d])+x',
    '(?i:a|A)+x',
    '(?=(a+)+b)',
    '(?>(a+)+b)',
    '(?:(?>a)|a)+b',
    '(?:ab|a(?:b))+c',
    '(a|b|ab)*c',
    `(?:${'a'.repeat(30)}|${'a'.repeat(29)})+b`,
    '(a|a)'.repeat(40),
    String.raw`(?:\p{Lu}|\p{L})+x`,
    '(?:[[a]b]|a)+c',
  ])('%s runs away', (pattern) => {
    expect(runawayFault(pattern)).toContain('some texts would keep it busy without end');
  });

  it.each([
    '('.repeat(4000) + ')'.repeat(4000),
    `${'('.repeat(50)}a${'){64}'.repeat(50)}`,
    `${'('.repeat(50)}${'){64}'.repeat(50)}`,
    `(${Array.from({ length: 1500 }, (_, at) => String.fromCharCode(0x4e00 + at)).join('|')})+`,
    '(?:a?b?c?d?e?f?g?h?)*'.repeat(300),
  ])('that is too large to be judged is refused at once', (pattern) => {
    expect(runawayFault(pattern)).toMatch(/too large to be judged|nests more than|without end/);
  });

  it.each([
    GPT_4,
    'a+b*c?',
    '(?:a+b)+',
    '(?>a+)+',
    '(a++)+',
    '( ?a){2,}',
    '(?<=x+)+',
    String.raw`\d(?=(\d{3})+(?!\d))`,
    String.raw` ?[^(\s|[.,!?…])]+`,
    String.raw`\((a+\))+`,
    ')+',
    '(',
    GPT_2,
    GPT_4O,
    DEEPSEEK,
    TIKTOKEN,
    String.raw`\s+|[,;.]\s*`,
    String.raw`\w+|[^\w\s]+`,
    '(?:[A-Z][a-z]+)+',
    String.raw`(?:\d{1,3})(?:,\d{3})*`,
    'a{1,3}+',
    String.raw`[\u4e00-\u9fff]|\x{1F600}+`,
    '(?#a comment)(?i)a+b',
  ])('%s does not', (pattern) => {
    expect(runawayFault(pattern)).toBeUndefined();
  });
});
