import { readFileSync } from 'node:fs';
import { CLAIMS } from '#operations/evidence/claims.ts';

const PAGE = readFileSync(new URL('../../../docs/aws-evidence.md', import.meta.url), 'utf8');
const ROWS = PAGE.split('\n').filter((line) => line.startsWith('| '));

describe('what `slipway prove` looks at', () => {
  it.each(CLAIMS)('is one row of the page: $row', ({ row }) => {
    expect(ROWS.filter((line) => line.startsWith(`| ${row}`))).toHaveLength(1);
  });

  it('is each row once, and what would break the model comes last', () => {
    const rows = CLAIMS.map(({ row }) => row);

    expect(new Set(rows).size).toBe(rows.length);
    expect(rows.at(-1)).toMatch(/is not deleted/);
  });
});
