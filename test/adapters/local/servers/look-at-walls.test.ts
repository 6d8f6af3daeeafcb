import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookAtWalls } from '#adapters/local/servers/look-at-walls.ts';
import { leftOpen, unwalled, wallsLine } from '#adapters/local/servers/walls.ts';
import { needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { LAUNCHER, MACHINE, missingWalls } from '../../../support/walls/canaries.ts';

const HANGS = 'exec tail -f /dev/null';
const NOBODY = 65_534;

/** Looks at the walls by a program in the place of Python, which writes a line to a file at each attempt; counts these. */
async function lookedBy(script: string, limitsMs: readonly number[] = [10_000, 10_000, 10_000]) {
  await using folder = await temporaryFolder();
  const [python, attempts] = [join(folder.path, 'python3'), join(folder.path, 'attempts')];
  await writeFile(python, `#!/bin/sh\necho one >>"${attempts}"\n${script}\n`, { mode: 0o755 });
  const found = await lookAtWalls(LAUNCHER, [tmpdir()], { python, limitsMs }).catch(
    (error) => error,
  );
  const said = await readFile(attempts, 'utf8').catch(() => '');
  return { found, attempts: said.split('\n').length - 1 };
}

needing(process.platform === 'linux' ? undefined : 'only Linux has the walls', () => {
  describe('a look at the walls of this machine', () => {
    needing(MACHINE.python === null ? missingWalls() : undefined, () => {
      it('that fails is repeated, and then what it finds is there', async () => {
        const second = `[ "$(wc -l <"$(dirname "$0")/attempts")" -ge 2 ] || exit 1\nexec ${MACHINE.python} "$@"`;

        expect(await lookedBy(second)).toEqual({ found: MACHINE, attempts: 2 });
      });

      it('that does not come to an end in time is repeated, and is an error then: no wall is taken to be missing', async () => {
        const { found, attempts } = await lookedBy(HANGS, [50, 60]);

        expect(attempts).toBe(2);
        expect(found).toMatchObject({
          name: 'PlatformUnavailable',
          message: expect.stringMatching(/in 2 attempts: .*python3 did not answer within 0.06 s$/),
          fix: expect.stringContaining('walls.py --look'),
        });
      });
    });

    it.each([
      ['fails', 'echo "Traceback" >&2; echo "MemoryError" >&2; exit 1', 'ended: MemoryError'],
      ['is killed', 'kill -9 $$', 'ended: '],
      ['says what nobody has asked', 'echo hello', 'gave an answer that cannot be read'],
      ['says less than was asked', `echo '{"python":"x","landlock":7}'`, 'gave an answer that'],
    ])('that %s is an error with its last words', async (_, script, says) => {
      const { found, attempts } = await lookedBy(script);

      expect(attempts).toBe(3);
      expect(found).toMatchObject({
        name: 'PlatformUnavailable',
        message: expect.stringContaining(says),
      });
    });

    it.each([
      ['there is no Python', null],
      ['a shim finds no Python behind it, or that is 3.8', 'exit 127'],
      [
        'there is a Python that cannot read them',
        'echo "SyntaxError: future feature annotations is not defined" >&2; exit 1',
      ],
    ])('finds that there are none where %s, and says that', async (_, does) => {
      await using folder = await temporaryFolder();
      const python = join(folder.path, 'python3');
      if (does) await writeFile(python, `#!/bin/sh\n${does}\n`, { mode: 0o755 });

      const found = await lookAtWalls(LAUNCHER, [tmpdir()], { python });

      expect(wallsLine(found)).toBe(`none: no ${python} from 3.9 on runs to set them`);
      expect(unwalled(found)).toBe(`no ${python} from 3.9 on runs to set them`);
      expect(leftOpen(found, false)).toHaveLength(1);
    });

    needing(process.getuid?.() === 0 ? missingWalls() : 'only a root has rights to lose', () => {
      it('of a root finds what another user has closed, by which folder, and says what to do', async () => {
        await using folder = await temporaryFolder();
        const [home, clone] = [join(folder.path, 'home'), join(folder.path, 'home/clone')];
        await mkdir(clone, { recursive: true });
        await writeFile(join(clone, 'main.ts'), '');
        for (const path of [home, clone]) await chown(path, NOBODY, NOBODY);
        await chmod(clone, 0o700);

        const look = lookAtWalls(LAUNCHER, [tmpdir(), join(clone, 'main.ts')]);

        await expect(look).rejects.toMatchObject({
          name: 'PlatformDenied',
          message: expect.stringContaining(
            `${clone} belongs to nobody and is closed to root (mode 0700)`,
          ),
          fix: expect.stringContaining(`chown -R root ${clone}`),
        });
      });

      it('of a root finds nothing of it in folders that others may pass through', async () => {
        await using folder = await temporaryFolder();
        const clone = join(folder.path, 'clone');
        await mkdir(join(clone, 'within'), { recursive: true });
        await chown(clone, NOBODY, NOBODY);
        await chmod(clone, 0o711);
        await chmod(folder.path, 0o711);

        expect(await lookAtWalls(LAUNCHER, [join(clone, 'within')])).toEqual(MACHINE);
      });
    });
  });
});

describe('a machine keeps files from a model that Python loads', () => {
  const ALL = { python: '/usr/bin/python3', landlock: 7, seccomp: true, namespaces: true };

  it.each([
    ['all', ALL],
    ['Landlock alone', { ...ALL, seccomp: false, namespaces: false }],
    ['namespaces alone', { ...ALL, seccomp: false, landlock: 0 }],
  ])('by %s', (_, walls) => {
    expect(unwalled(walls)).toBeNull();
  });

  it('by no filter of calls alone', () => {
    expect(unwalled({ ...ALL, landlock: 0, namespaces: false })).toMatch(/neither Landlock nor/);
  });
});
