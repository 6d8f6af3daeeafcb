import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';

describe('the stages that a program tells in a build', () => {
  /** The part of its standard error that comes into the log. */
  async function handedOn(lines: readonly string[]): Promise<readonly string[]> {
    const script = `
      import { spawn } from 'node:child_process';
      import { handOnProgress } from ${JSON.stringify(join(COMMANDS, 'progress.mjs'))};
      handOnProgress(spawn('cat', { stdio: ['inherit', 'ignore', 'pipe'] , shell: false }));
    `.replace("spawn('cat', {", "spawn('sh', ['-c', 'cat >&2'], {");
    const { err } = await run(
      process.execPath,
      ['--input-type=module', '--eval', script],
      lines.map((line) => `${line}\n`).join(''),
    );
    return err.split('\n').filter(Boolean);
  }

  it('come into its log at once, and nothing else that it says', async () => {
    expect(
      await handedOn([
        'progress: answering 256 golden rows',
        'a warning',
        'progress: \u001b[2J',
        `progress: ${'x'.repeat(61)}`,
      ]),
    ).toEqual(['progress: answering 256 golden rows']);
  });

  it('are a hundred at most', async () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `progress: row ${index}`);

    expect(await handedOn(many)).toHaveLength(100);
  });
});
