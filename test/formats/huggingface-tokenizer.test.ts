import { runsAway } from '#formats/huggingface/regex-bounds.ts';
import { soundTokenizer } from '#formats/huggingface/tokenizer-file.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { TOKENIZER } from '../support/models/hugging-face.ts';

const written = (more: object) => JSON.stringify({ ...TOKENIZER, ...more });
const sound = (text: string) => soundTokenizer(memoryFile('tokenizer.json', text));
const split = (pattern: string) =>
  written({ pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' } });
const GPT_4 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

describe('a tokenizer.json', () => {
  it('is taken with the patterns and maps that real ones have', async () => {
    const map = { type: 'Precompiled', precompiled_charsmap: 'A'.repeat(400_000) };

    await expect(sound(split(GPT_4))).resolves.toBeUndefined();
    await expect(sound(written({ normalizer: map }))).resolves.toBeUndefined();
  });

  it('is taken with a word that is called as a pattern is, and one that looks like it', async () => {
    const vocab = { Regex: 0, '(a+)+': 1, '\\': 2, '"Regex": "(a+)+"': 3 };

    await expect(sound(written({ model: { type: 'BPE', vocab } }))).resolves.toBeUndefined();
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
    '(',
  ])('%s runs away where it is closed', (pattern) => {
    expect(runsAway(pattern)).toBe(pattern !== '(');
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
  ])('%s does not', (pattern) => {
    expect(runsAway(pattern)).toBe(false);
  });
});
