import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingTerraform, TERRAFORM_MODULES, terraformIn } from '../support/doors/terraform.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { call } from '../support/slipway/clients.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const COMMAND = fileURLToPath(new URL('../../slipway.js', import.meta.url));
const ten = addConstantModel({ constant: 10 });
const twenty = addConstantModel({ constant: 20 });

needing(missingTerraform, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let slipway: RunningSlipway;
  beforeAll(async () => {
    folder = await temporaryFolder();
    slipway = await startSlipway(join(folder.path, 'data'), { config: { bakeSeconds: 0 } });
  });
  afterAll(async () => {
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** A folder whose configuration deploys `a model.onnx` beside it. */
  async function configured(place: string, name: string) {
    const path = join(folder.path, place);
    await mkdir(path);
    const configuration = `
      module "model" {
        source  = "${TERRAFORM_MODULES}model"
        name    = ${JSON.stringify(name)}
        path    = "\${path.root}/a model.onnx"
        data    = ${JSON.stringify(slipway.dataDir)}
        command = ${JSON.stringify(COMMAND)}
      }
      output "live" { value = module.model.name }
    `;
    await writeFile(join(path, 'main.tf'), configuration);
    const terraform = terraformIn(path, { HOME: folder.path });
    expect(await terraform('init')).toMatchObject({ code: 0 });
    return {
      path,
      terraform,
      model: (bytes: Uint8Array | string) => writeFile(join(path, 'a model.onnx'), bytes),
      apply: () => terraform('apply', '-auto-approve'),
    };
  }

  const answer = async () => (await call(slipway, 'adder')).data;

  it('leads from nothing to a right answer, an upgrade, a refusal with the reason, a way back, and the end', async () => {
    const { terraform, model, apply } = await configured('adder', 'adder');
    const nothing = await terraform('plan');
    expect(nothing).toMatchObject({ code: 1 });
    expect(nothing.err).toMatch(/is no file, and no\s+folder with files/);

    await model(ten);
    const first = await apply();
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toContain('live = "adder"');
    expect(await answer()).toEqual([11, 12]);
    expect(await terraform('plan', '-detailed-exitcode')).toMatchObject({ code: 0 });

    await model(twenty);
    expect(await apply()).toMatchObject({ code: 0 });
    expect(await answer()).toEqual([21, 22]);

    await model('this is no model');
    const refused = await apply();
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.out + refused.err).toMatch(/ArtifactRejected|Rejected/);
    expect(await answer()).toEqual([21, 22]);

    await model(ten);
    expect(await apply()).toMatchObject({ code: 0 });
    expect(await answer()).toEqual([11, 12]);

    expect(await terraform('destroy', '-auto-approve')).toMatchObject({ code: 0 });
    expect(await call(slipway, 'adder')).toMatchObject({ status: 404 });
  });

  it('a value is an argument of its own, and no part of a line that a shell reads', async () => {
    const name = '$(touch here)"; touch here; "';
    const { path, model, apply } = await configured('hostile', name);
    await model(ten);

    const { code, out } = await apply();

    expect(code).toBe(1);
    expect(out).toContain('touch here');
    expect(await readdir(path)).not.toContain('here');
  });

  it('the example is formatted and valid, and makes a stage and then a model', async () => {
    const place = join(folder.path, 'terraform');
    await cp(TERRAFORM_MODULES, place, { recursive: true });
    const terraform = terraformIn(join(place, 'example'), { HOME: folder.path });
    await mkdir(join(place, 'example/models'));
    await writeFile(join(place, 'example/models/digits.onnx'), ten);
    expect(await terraform('init')).toMatchObject({ code: 0 });

    expect(await terraform('fmt', '-check', '-recursive', place)).toMatchObject({ code: 0 });
    expect(await terraform('validate')).toMatchObject({ code: 0 });
    const plan = await terraform('plan');

    expect(plan).toMatchObject({ code: 0 });
    expect(plan.out).toContain('Plan: 4 to add, 0 to change, 0 to destroy.');
  });
});
