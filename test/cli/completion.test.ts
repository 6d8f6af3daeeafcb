import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addConstantModel } from '../support/models/onnx.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));

/** The completions of the last of these words. */
async function candidates(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runHere('complete', '--', ...words);
  return stdout.split('\n').flatMap((line) => (line ? [line.split('\t')[0] ?? ''] : []));
}

describe('slipway complete', () => {
  it('answers every command that the help has, and no hidden one', async () => {
    const { stdout } = await runHere('help');
    const commands = /Commands:\n([\s\S]*?)\n\n/.exec(stdout)?.[1] ?? '';
    const listed = commands.match(/(?<=^ {2})[a-z][a-z-]*/gm) ?? [];

    const found = await candidates('');

    expect(listed.length).toBeGreaterThan(15);
    expect(found).toEqual(expect.arrayContaining(listed));
    expect(found).not.toContain('complete');
  });

  it.each([
    { words: ['l'], are: ['list', 'ls', 'logs'] },
    { words: ['keys', ''], are: ['create', 'list', 'revoke', 'help'] },
    { words: ['status', '--st'], are: ['--stage'] },
    { words: ['ls', '--st'], are: ['--stage'] },
    { words: ['start', '--demo', '--on'], are: ['--once'] },
    { words: ['start', '--engine', ''], are: ['process', 'docker'] },
    { words: ['start', '--engine=d'], are: ['--engine=docker'] },
    { words: ['start', '--engine', '=', 'd'], are: ['docker'] },
    { words: ['start', '--engine', '='], are: ['process', 'docker'] },
    { words: ['start', '--engine', 'docker', '--dem'], are: ['--demo'] },
    { words: ['completion', ''], are: ['bash', 'zsh', 'fish'] },
    { words: ['push', ''], are: [':files'] },
    { words: ['push', 'a.onnx', ''], are: [] },
    { words: ['push', '--name', ''], are: [] },
    { words: ['status', '--data', ''], are: [':files'] },
    { words: ['nothing', ''], are: [] },
    { words: ['status', '--nothing=x'], are: [] },
    { words: ['rollback', '--stage', 'prod', ''], are: [] },
  ])('answers $are for $words', async ({ words, are }) => {
    expect(await candidates(...words)).toEqual(are);
  });

  it('says what each is', async () => {
    const { stdout } = await runHere('complete', '--', 'abo');

    expect(stdout).toMatch(/^abort\tAborts the deployment that is under way/);
  });
});

describe('a shell', () => {
  it.each(['bash', 'zsh', 'fish'])('has a script for %s', async (shell) => {
    const { code, stdout } = await runHere('completion', shell);

    expect(code).toBe(0);
    expect(stdout).toContain('complete -- ');
  });

  it('is told which there are', async () => {
    const { code, stderr } = await runHere('completion', 'tcsh');

    expect(code).toBe(2);
    expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  });
});

describe('bash', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let slipway: Awaited<ReturnType<typeof startSlipway>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    slipway = await startSlipway(join(folder.path, 'data'));
    for (const model of ['digits', 'shapes']) {
      slipway.drop(`models/${model}/a.onnx`, addConstantModel({ constant: 1 }));
      await slipway.told(model, ({ state }) => state === 'Admitted');
    }
    const program = join(folder.path, 'slipway');
    // A busy machine may take longer than a user would wait.
    const patient = '[ "$1" = complete ] && shift && set -- complete --patience 120000 "$@"';
    writeFileSync(program, `#!/bin/sh\n${patient}\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    chmodSync(program, 0o755);
    mkdirSync(join(folder.path, 'my models'));
  });

  afterAll(async () => {
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it('has a `slipway` to complete also where none is installed, as in a clone, and leaves one that is alone', () => {
    const script = `
      source <('${process.execPath}' '${MAIN}' completion bash)
      type -t slipway
      cd / && slipway complete -- und`;
    const typed = (path: string) =>
      execFileSync('bash', ['--norc', '-c', script], {
        encoding: 'utf8',
        env: { PATH: `${path}${process.env['PATH']}` },
      });

    expect(typed('')).toMatch(/^function\nundeploy\t/);
    expect(typed(`${folder.path}:`)).toMatch(/^file\nundeploy\t/);
  });

  /** The words that bash would put in the place of the last word, with the script loaded as its user loads it. */
  function completed(...words: readonly string[]): readonly string[] {
    const script = `
      source <(slipway completion bash)
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      $(complete -p slipway | sed 's/.*-F \\([a-z_]*\\) .*/\\1/') slipway
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', script, 'bash', 'slipway', ...words];
    const env = { PATH: `${folder.path}:${process.env['PATH']}`, SLIPWAY_DATA: slipway.dataDir };
    const out = execFileSync('bash', args, { cwd: folder.path, encoding: 'utf8', env });
    return out.split('\n').filter((line) => line !== '');
  }

  it.each([
    { words: ['und'], are: ['undeploy'] },
    { words: ['status', '--js'], are: ['--json'] },
    { words: ['rollback', ''], are: ['digits', 'shapes'] },
    { words: ['explain', 'd'], are: ['digits'] },
    { words: ['events', '--model', 's'], are: ['shapes'] },
    { words: ['push', 'my'], are: ['my models'] },
    { words: ['rollback', '--data', 'nowhere', ''], are: [] },
  ])('puts $are in the place of the last of $words', ({ words, are }) => {
    expect(completed(...words)).toEqual(are);
  });
});
