import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  leftOpen,
  NO_WALLS,
  unwalled,
  type Walls,
  wallsLine,
} from '#adapters/local/servers/walls.ts';
import { Failure } from '#domain/failure.ts';
import { examine, fail, ok } from '#operations/doctor/doctor.ts';
import {
  lookAtBash,
  lookAtNode,
  lookAtPython,
  oneMachineDoctor,
  wallsFinding,
} from '#operations/doctor/one-machine.ts';
import { type FoundSlipway, slipwayChecks } from '#operations/doctor/ports.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

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
    // Written by a process of its own: a program that this one has open for writing while another test starts a process cannot be run.
    const script = `#!/bin/sh\necho "${version}"\n`;
    execFileSync('sh', ['-c', 'printf %s "$1" > "$0" && chmod +x "$0"', program, script]);

    expect(await lookAtPython(program)).toMatchObject({ result, says });
  });

  it('warns where there is none', async () => {
    expect(await lookAtPython('/no/such/python')).toMatchObject({
      result: 'warn',
      says: 'not found',
    });
  });
});

describe('lookAtBash', () => {
  it('tells its version, or warns that what is built needs it', async () => {
    expect(await lookAtBash()).toMatchObject({ result: 'ok', says: expect.stringMatching(/^\d/) });
    expect(await lookAtBash('/no/such/bash')).toMatchObject({
      result: 'warn',
      fix: expect.stringContaining('models that are built'),
    });
  });
});

describe('wallsFinding', () => {
  const ALL = { python: '/usr/bin/python3', landlock: 7, seccomp: true, namespaces: true };
  const found = (walls: Walls, isRoot = false) =>
    wallsFinding({ says: wallsLine(walls), open: leftOpen(walls, isRoot), refuses: null });

  it('is content where all of them stand, and names them', () => {
    expect(found(ALL)).toEqual({
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
    [
      'neither Landlock nor namespaces',
      { ...ALL, landlock: 0, namespaces: false },
      false,
      "can read Slipway's environment and memory",
    ],
    ['a root', ALL, true, 'can start as many processes'],
  ])('warns of what %s leaves open', (_, walls, isRoot, open) => {
    const { result, says } = found(walls, isRoot);

    expect(result).toBe('warn');
    expect(says).toContain(open);
  });

  it('says of a machine without walls that models of code are refused, and how not', () => {
    const missing = { ...NO_WALLS, missing: 'no python3 runs to set them' };
    const refuses = unwalled(missing);

    expect(wallsFinding({ says: wallsLine(missing), open: ['can'], refuses })).toEqual({
      result: 'warn',
      says: 'none: no python3 runs to set them; models that Python loads are refused',
      fix: expect.stringContaining('`--code-without-walls`'),
    });
  });
});

describe('the walls that the doctor reports', () => {
  const url = 'http://127.0.0.1:1';
  const running = { gateway: url, control: url, pid: process.pid, answers: true };
  const wallsOf = async (found: FoundSlipway | undefined) => {
    await using folder = await temporaryFolder();
    const findings = await oneMachineDoctor(folder.path, found);
    return findings.find(({ check }) => check === 'walls');
  };

  it('are those that the running Slipway has found, whatever the machine has now', async () => {
    const walls = { says: 'none: no python3 runs to set them', open: ['can'], refuses: 'none' };

    expect(await wallsOf({ ...running, walls })).toMatchObject({
      result: 'warn',
      says: 'none: no python3 runs to set them; models that Python loads are refused',
    });
  });

  it('are not guessed where it has not told', async () => {
    expect(await wallsOf(running)).toMatchObject({
      result: 'warn',
      says: expect.stringContaining('has not told which it found'),
    });
    expect(await wallsOf({ ...running, answers: false, isBusy: true })).toMatchObject({
      result: 'warn',
      says: expect.stringContaining('has not told which it found'),
    });
  });

  it('are those that a start would find where none runs, which is said', async () => {
    expect(await wallsOf(undefined)).toMatchObject({
      says: expect.stringMatching(/^no Slipway runs; one that starts finds /),
    });
  });
});

describe('slipwayChecks', () => {
  const NOBODY = 2 ** 30;

  /** The findings where `answer` is what the port of a Slipway says now. */
  async function foundWhere(answer: string, about: { pid: number; answers: boolean }) {
    await using server = createServer((_, response) => response.end(answer));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const checks = slipwayChecks({ gateway: url, control: url, ...about });
    const found = await examine(checks, 10_000);
    server.closeAllConnections();
    return found.map(({ result, says }) => `${result} ${says}`);
  }

  it.each([
    ['a page', 'another program'],
    ['{"status":"ok"}', 'another program'],
    ['{"status":"ok","pid":7}', 'a Slipway with another data folder, process 7'],
    ['{"error":"no","models":[]}', 'a Slipway with another data folder'],
    ['{"status":"ok","models":[]}', 'a Slipway with another data folder'],
  ])('says of ports that answer %s that they are held by %s', async (answer, holder) => {
    const [slipway, ...ports] = await foundWhere(answer, { pid: NOBODY, answers: false });

    expect(slipway).toMatch(/^warn process \d+ was one .*, and was killed$/);
    expect(ports).toEqual([`warn held by ${holder}`, `warn held by ${holder}`]);
  });

  it('tells a process that is there and does not answer from one that was killed', async () => {
    const [slipway] = await foundWhere('', { pid: process.pid, answers: false });

    expect(slipway).toMatch(/^warn process \d+ was one .* is not answered by it$/);
  });

  it('tells how much memory its model servers hold, and how many candidates wait', async () => {
    const memory = { budgetMiB: 1_000, usedMiB: 900, waiting: 1 };
    const url = 'http://127.0.0.1:9';
    const found = { gateway: url, control: url, pid: process.pid, answers: true, memory };

    const [slipway] = await examine(slipwayChecks(found).slice(0, 1), 10_000);

    expect(slipway?.says).toBe(
      `runs as process ${process.pid}; its model servers hold 900 of the 1000 MiB that they may; candidates that wait: 1`,
    );
  });

  it('says of one that runs and has not answered that it is busy, and does not try its ports', async () => {
    const url = 'http://127.0.0.1:9';
    const found = { gateway: url, control: url, pid: process.pid, answers: false, isBusy: true };

    const findings = await examine(slipwayChecks(found), 10_000);

    expect(findings).toMatchObject([
      { result: 'warn', says: expect.stringContaining('it is busy'), fix: expect.any(String) },
    ]);
  });

  it('looks at the ports of the one that runs', async () => {
    expect(await foundWhere('', { pid: process.pid, answers: true })).toEqual([
      `ok runs as process ${process.pid}`,
      'ok its gateway answers',
      'ok its control API answers',
    ]);
  });

  it('tells what the one that runs finds wrong with itself', async () => {
    const troubles = [
      { check: 'bucket', reason: 'the bucket is gone', fix: 'Put it back.' },
      { check: 'disk', reason: '9 MiB left', fix: 'Free some.' },
    ];
    await using server = createServer((_, response) =>
      response.writeHead(503).end(JSON.stringify({ status: 'failing', troubles })),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;

    const findings = await examine(
      slipwayChecks({ gateway: url, control: url, pid: process.pid, answers: true }),
      10_000,
    );
    server.closeAllConnections();

    expect(findings.at(-1)).toEqual({
      check: `port ${port}`,
      result: 'fail',
      says: 'its control API says that something is wrong; bucket: the bucket is gone; disk: 9 MiB left',
      fix: 'Put it back. Free some.',
    });
  });

  it('says of ports that are open and do not answer in time that they are busy, and not to stop it', async () => {
    await using server = createServer(() => undefined);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const found = { pid: process.pid, gateway: url, control: url, answers: true };

    const [, ...ports] = await examine(slipwayChecks(found, 50), 10_000);
    server.closeAllConnections();

    expect(ports.map(({ result, says }) => `${result} ${says}`)).toEqual([
      'warn its gateway has not answered in 0.05 s: it is busy',
      'warn its control API has not answered in 0.05 s: it is busy',
    ]);
    expect(ports[0]?.fix).toContain('Ask again in a while');
  });

  it('finds a gateway that does not answer', async () => {
    const nowhere = 'http://127.0.0.1:1';
    const found = { pid: process.pid, gateway: nowhere, control: nowhere, answers: true };

    const [, gateway] = await examine(slipwayChecks(found), 10_000);

    expect(gateway).toMatchObject({ check: 'port 1', result: 'fail' });
  });

  it('looks at the ports that a start tries first where none has run, and finds free ones free', async () => {
    const none = slipwayChecks(undefined);
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    await server[Symbol.asyncDispose]();
    const url = `http://127.0.0.1:${port}`;
    const left = { pid: NOBODY, gateway: url, control: url, answers: false };

    const [, free] = await examine(slipwayChecks(left), 10_000);

    expect(none.map(({ check }) => check)).toEqual(['slipway', 'port 8080', 'port 8081']);
    expect(free).toMatchObject({ check: `port ${port}`, result: 'ok', says: 'free' });
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
