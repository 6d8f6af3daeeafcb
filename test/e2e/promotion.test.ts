import { addConstantModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { call } from '../support/slipway/clients.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));

let folders: Awaited<ReturnType<typeof temporaryFolder>>[];
let staging: RunningSlipway;
let prod: RunningSlipway;

beforeAll(async () => {
  folders = [await temporaryFolder(), await temporaryFolder()];
  const [from, to] = folders.map(({ path }) => path);
  const config = { bakeSeconds: 0 };
  [staging, prod] = await Promise.all([
    startSlipway(from!, { hasAnyServer: true, config }),
    startSlipway(to!, { hasAnyServer: true, config }),
  ]);
});

afterAll(async () => {
  await Promise.all([staging, prod].map((each) => each[Symbol.asyncDispose]()));
  await Promise.all(folders.map((each) => each[Symbol.asyncDispose]()));
});

const promote = (model: string, ...args: readonly string[]) =>
  runHere('promote', model, '--from', staging.dataDir, '--to', prod.dataDir, ...args);
const there = (...args: readonly string[]) => runHere(...args, '--data', prod.dataDir);

async function liveInStaging(model: string, constant: number) {
  staging.drop(`models/${model}/model.onnx`, light(constant));
  expect((await staging.ending(model, 1)).detail.state).toBe('Live');
}

describe('slipway promote between two folders of one machine', () => {
  it('has the same version live in the other', async () => {
    await liveInStaging('shapes', 1);

    const { code, stdout, stderr } = await promote('shapes');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/shapes version 1 of \S+ is sha256:[0-9a-f]{64}/);
    expect(stdout).toMatch(/Admitted +shapes v1[\s\S]*Live +shapes v1[\s\S]*shapes v1 is live on/);
    expect(await call(prod, 'shapes')).toMatchObject({ status: 200, revision: 'shapes-v1' });
    const { stdout: explained } = await there('explain', 'shapes');
    expect(explained).toMatch(/promoted +from \S+, version 1: sha256:/);
  });

  it('says that there is nothing to do for what is live there already', async () => {
    await prod.settled('shapes');

    const { code, stdout } = await promote('shapes');

    expect(stdout).toMatch(/Ignored[\s\S]*shapes-v1, which is live, is sha256:\S+ already/);
    expect(code).toBe(0);
  });

  it('waits for a person where that is asked for, and goes live once one approves', async () => {
    await liveInStaging('rounds', 2);

    const asked = await promote('rounds', '--require-approval');
    const waits = await there('status');
    const approved = await there('approve', 'rounds', '--yes');

    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toMatch(/AwaitingApproval[\s\S]*approve rounds --version 1/);
    expect(asked.stdout).toContain('nothing of rounds is live');
    expect(waits.stdout).toContain('AwaitingApproval');
    expect(approved).toMatchObject({ code: 0, stderr: '' });
    expect(approved.stdout).toMatch(/has approved version 1 of rounds[\s\S]*rounds v1 is live on/);
    expect(await call(prod, 'rounds')).toMatchObject({ status: 200, revision: 'rounds-v1' });
  });

  it('refuses an approval of another digest, and ends when it is rejected', async () => {
    await liveInStaging('ovals', 3);
    await promote('ovals', '--require-approval');

    const digest = `sha256:${'0'.repeat(64)}`;
    const other = await there('approve', 'ovals', '--yes', '--digest', digest);
    const rejected = await there('reject', 'ovals', '--yes');

    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(
      new RegExp(`ovals version 1 is sha256:[0-9a-f]+, not ${digest}\\n→ See what waits`),
    );
    expect(rejected.stdout).toMatch(/Rejected +ovals v1\n +.+ refused version 1/);
    expect(rejected.code).toBe(0);
    expect(await call(prod, 'ovals')).toMatchObject({ status: 404 });
  });

  it('does not mix a folder and a stage', async () => {
    const { code, stderr } = await runHere('promote', 'x', '--from', './here', '--to', 'prod');

    expect(code).toBe(2);
    expect(stderr).toMatch(/\.\/here and prod are not of one kind/);
  });
});
