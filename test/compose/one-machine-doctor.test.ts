import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_WALLS } from '#adapters/local/servers/walls.ts';
import { examine, fail, ok } from '#compose/doctor/doctor.ts';
import { lookAtNode, lookAtPython, wallsFinding } from '#compose/doctor/one-machine.ts';
import { Failure } from '#domain/failure.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

describe('lookAtNode', () => {
  it.each([
    { version: '20.19.0', result: 'fail' },
    { version: '22.17.9', result: 'fail' },
    { version: '22.18.0', result: 'ok' },
    { version: '24.0.0', result: 'ok' },
  ])('finds Node $version to be $result', ({ version, result }) => {
    expect(lookAtNode(version)).toMatchObject({ result, says: version });
  });
});

describe('lookAtPython', () => {
  it.each([
    ['Python 3.8.20', 'warn', '3.8.20'],
    ['Python 3.9.0', 'ok', '3.9.0'],
    ['Python 3.13.1', 'ok', '3.13.1'],
    ['Python 2.7.18', 'warn', '2.7.18'],
  ])('finds %s to be %s', async (version, result, says) => {
    await using folder = await temporaryFolder();
    const program = join(folder.path, 'python3');
    writeFileSync(program, `#!/bin/sh\necho "${version}"\n`, { mode: 0o755 });

    expect(await lookAtPython(program)).toMatchObject({ result, says });
  });

  it('warns where there is none', async () => {
    expect(await lookAtPython('/no/such/python')).toMatchObject({
      result: 'warn',
      says: 'not found',
    });
  });
});

describe('wallsFinding', () => {
  const ALL = { python: '/usr/bin/python3', landlock: 7, seccomp: true, namespaces: true };

  it('is content where all of them stand, and names them', () => {
    expect(wallsFinding(ALL, false)).toEqual({
      result: 'ok',
      says: 'Landlock 7, seccomp, namespaces',
      fix: '',
    });
  });

  it.each([
    ['no Python', NO_WALLS, false, 'can read and write your files, and reach the network'],
    ['no Landlock', { ...ALL, landlock: 0 }, false, 'can read your files'],
    ['an older Landlock', { ...ALL, landlock: 5 }, false, 'can signal your processes'],
    ['no seccomp', { ...ALL, seccomp: false }, false, 'can reach Unix sockets'],
    ['no namespaces', { ...ALL, namespaces: false }, false, 'can change the mode'],
    ['a root', ALL, true, 'can start as many processes'],
  ])('warns of what %s leaves open', (_, walls, isRoot, open) => {
    const { result, says } = wallsFinding(walls, isRoot);

    expect(result).toBe('warn');
    expect(says).toContain(open);
  });
});

describe('examine', () => {
  it('answers what each check found, in their order, and leaves out what found nothing', async () => {
    const findings = await examine(
      [
        { check: 'a', look: async () => ok('fine') },
        { check: 'b', look: async () => undefined },
        { check: 'c', look: async () => fail('broken', 'Mend it.') },
      ],
      1000,
    );

    expect(findings).toEqual([
      { check: 'a', result: 'ok', says: 'fine', fix: '' },
      { check: 'c', result: 'fail', says: 'broken', fix: 'Mend it.' },
    ]);
  });

  it('takes an error for a finding, and says what a refusal means', async () => {
    const failing = (error: Error) => async () => Promise.reject(error);

    const findings = await examine(
      [
        { check: 'known', look: failing(new Failure('InputInvalid', 'no', { fix: 'Say yes.' })) },
        { check: 'denied', look: failing(new Failure('PlatformDenied', 'not allowed')) },
        { check: 'odd', look: failing(new Error('what')) },
      ],
      1000,
    );

    expect(findings).toEqual([
      { check: 'known', result: 'fail', says: 'no', fix: 'Say yes.' },
      expect.objectContaining({ check: 'denied', fix: expect.stringMatching(/docs\/deploy\.md/) }),
      { check: 'odd', result: 'fail', says: 'what', fix: '' },
    ]);
  });

  it('waits for none longer than the limit', async () => {
    const never = new Promise<undefined>(() => {});

    const [finding] = await examine([{ check: 'slow', look: () => never }], 20);

    expect(finding).toMatchObject({ result: 'fail', says: 'no answer within 0.02 s' });
  });
});
