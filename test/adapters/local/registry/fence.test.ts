import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { fence } from '#adapters/local/registry/fence.ts';

describe('the fence of one machine', () => {
  let root: string;
  let database: ReturnType<typeof openDatabase>;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-fence-'));
    database = openDatabase(join(root, 'registry.db'));
  });
  afterEach(() => {
    database.close();
    rmSync(root, { recursive: true });
  });

  it('lets the same epoch pass again and a later one after it, and none before', () => {
    const { pass } = fence(database);
    pass('digits', 2);
    pass('digits', 2);
    pass('digits', 4);

    expect(() => pass('digits', 3)).toThrow('epoch 3 of digits has ended: 4 has made changes');
  });

  it('is one for all who share the database, and outlives a restart', () => {
    fence(database).pass('digits', 4);
    expect(() => fence(database).pass('digits', 3)).toThrow(/has ended/);
    database.close();
    database = openDatabase(join(root, 'registry.db'));

    expect(() => fence(database).pass('digits', 3)).toThrow(/has ended/);
  });

  it('knows each model by itself', () => {
    const { pass } = fence(database);
    pass('digits', 4);

    expect(() => pass('letters', 1)).not.toThrow();
  });
});
