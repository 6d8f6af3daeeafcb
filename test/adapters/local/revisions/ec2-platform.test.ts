import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GpuLook, missingGpu, nvidiaGpus } from '#adapters/local/servers/gpus.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { livePids, openPlatform, pidsOf, platformFolder } from '../../../support/local/platform.ts';

const L4 = { name: 'NVIDIA L4', memoryMiB: 23_034 };
const has = (...gpus: readonly (typeof L4)[]): GpuLook => {
  return async () => ({ kind: 'seen', gpus });
};

describe('a revision that asks for a GPU', () => {
  async function deployed(gpus: GpuLook, over: Partial<RevisionSpec>) {
    const folder = platformFolder();
    const platform = openPlatform(folder, { gpus }, 'ec2');
    const spec = folder.spec('answers', over);
    await platform.create(spec, 1);
    const state = await platform.describe(spec.revision, { waitMs: 3_600_000 });
    const { length } = pidsOf(folder, spec.revision);
    await platform.close();
    expect(livePids(folder, spec.revision)).toEqual([]);
    folder.delete();
    return { state, servers: length };
  }

  it('runs where there is one', async () => {
    const { state } = await deployed(has(L4), { accelerator: { name: 'L4', count: 1 } });

    expect(state).toEqual({ kind: 'ready' });
  });

  it('takes the one of this machine where any will do, whichever was chosen for AWS', async () => {
    const any = { accelerator: { name: 'T4', count: 4 }, takesAnyGpu: true };

    expect((await deployed(has(L4), any)).state).toEqual({ kind: 'ready' });
    expect((await deployed(has(), any)).state).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('needs a GPU, but this machine has no GPU'),
    });
  });

  it('fails where there are too few, says what to do, and starts nothing', async () => {
    const { state, servers } = await deployed(has(L4), { accelerator: { name: 'L4', count: 2 } });

    expect(state).toEqual({
      kind: 'failed',
      reason:
        'the model server of digits-v1 needs 2 L4, but this machine has NVIDIA L4 (23034 MiB): set placement.allowCpu: true to run without a GPU, or use a machine with such a GPU',
      logTail: [],
    });
    expect(servers).toBe(0);
  });

  it('runs without where its manifest allows that', async () => {
    const over = { accelerator: { name: 'T4', count: 1 }, allowCpu: true };

    expect((await deployed(has(L4), over)).state).toEqual({ kind: 'ready' });
  });

  it('is left alone while its GPU is looked for, when it is removed', async () => {
    const folder = platformFolder();
    const answer = Promise.withResolvers<Awaited<ReturnType<GpuLook>>>();
    const platform = openPlatform(folder, { gpus: () => answer.promise }, 'ec2');
    const spec = folder.spec('answers', { accelerator: { name: 'L4', count: 1 } });
    await platform.create(spec, 1);

    const removal = platform.remove(spec.revision, 1);
    answer.resolve({ kind: 'seen', gpus: [L4] });
    await removal;

    expect(await platform.describe(spec.revision, { waitMs: 0 })).toEqual({ kind: 'absent' });
    await platform.close();
    folder.delete();
  });
});

describe('the GPUs of a machine', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-gpus-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** Looks by a tool that does as this script says. */
  function look(script: string) {
    const command = join(root, 'nvidia-smi');
    writeFileSync(command, `#!/bin/sh\n${script}\n`);
    chmodSync(command, 0o755);
    return nvidiaGpus(command)();
  }

  it('are those that nvidia-smi names', async () => {
    expect(await look("printf 'NVIDIA L4, 23034 MiB\\nTesla T4, 15360 MiB\\n'")).toEqual({
      kind: 'seen',
      gpus: [L4, { name: 'Tesla T4', memoryMiB: 15_360 }],
    });
  });

  // The path is given whole: a name that is not found is EACCES where a folder of PATH is closed.
  it('are none where there is no nvidia-smi', async () => {
    const command = join(root, 'no-such-nvidia-smi');

    expect(await nvidiaGpus(command)()).toEqual({
      kind: 'unseen',
      problem: `this machine has no ${command}, and so no GPU`,
    });
  });

  it('are none where this user may not start nvidia-smi', async () => {
    const command = join(root, 'closed');
    writeFileSync(command, '#!/bin/sh\n', { mode: 0o644 });

    expect(await nvidiaGpus(command)()).toEqual({
      kind: 'unseen',
      problem: `this user may start no ${command}, and so sees no GPU`,
    });
  });

  it('are none where it fails, with what it says', async () => {
    const seen = await look("echo 'NVIDIA-SMI has failed: no driver'; exit 9");

    expect(seen).toMatchObject({ problem: expect.stringContaining('no driver') });
  });

  it.each([
    ['T4', 'Tesla T4', true],
    ['L4', 'NVIDIA L40S', false],
    ['A100', 'NVIDIA A100-SXM4-40GB', true],
    ['RTX PRO 6000 Server', 'NVIDIA RTX PRO 6000 Blackwell Server Edition', true],
    ['H100', 'NVIDIA H200', false],
  ])('that a manifest calls %s: %s is %s', (name, own, isSuch) => {
    const gpus = [{ name: own, memoryMiB: 1 }];

    const missing = missingGpu({ name, count: 1 }, { kind: 'seen', gpus });

    expect(missing === undefined).toBe(isSuch);
  });
});
