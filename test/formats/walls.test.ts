import { readFileSync } from 'node:fs';
import { techniquesDocument } from '../support/walls/document.ts';
import { ALL, HARMLESS, inspected, OF_ITS_PROCESS, TECHNIQUES } from '../support/walls/walls.ts';

const LEAST = 80;

const HOLDS = ALL.filter(({ heldBy }) => heldBy.includes(1));
const DOES_NOT = ALL.filter(({ heldBy }) => !heldBy.includes(1));

describe('inspection alone refuses', () => {
  it.each(HOLDS)('$technique', async (technique) => {
    await expect(inspected(technique)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });
});

describe('inspection alone lets through', () => {
  it.each(DOES_NOT)('$technique', async (technique) => {
    await expect(inspected(technique)).resolves.toBeDefined();
  });
});

describe('inspection lets through the like without harm:', () => {
  it.each(HARMLESS)('$technique', async (technique) => {
    await expect(inspected(technique)).resolves.toBeDefined();
  });
});

describe('a way to do harm', () => {
  it('is one of more than eighty of our own, each of which was seen to do it', () => {
    const ways = new Set(TECHNIQUES.map(({ technique }) => technique));

    expect(ways.size).toBeGreaterThanOrEqual(LEAST);
    expect(ways.size).toBe(TECHNIQUES.length);
    expect(ALL.filter(({ effect }) => effect === '')).toEqual([]);
  });

  it('is held by two walls at least', () => {
    expect(ALL.filter(({ heldBy }) => heldBy.length < 2)).toEqual([]);
  });

  it('is held by the limits of the process, and before it, where it only uses that up', () => {
    const lost = ALL.filter(
      ({ effect, heldBy }) => OF_ITS_PROCESS.test(effect) && !heldBy.includes(3),
    );

    expect(lost).toEqual([]);
  });
});

test('docs/techniques.md lists each with the walls that hold it', () => {
  const written = readFileSync(new URL('../../docs/techniques.md', import.meta.url), 'utf8');

  expect(written).toBe(techniquesDocument());
});
