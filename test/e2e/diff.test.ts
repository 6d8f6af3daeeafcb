import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../cli/run-cli.ts';
import { identityModel } from '../support/models/onnx.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const EXAMPLES = Array.from({ length: 30 }, (_, row) =>
  JSON.stringify({ request: { inputs: [[row, row + 1, row * 2, 3]] } }),
).join('\n');

/** A Slipway with a live model of four columns, and files beside it. */
async function live(folder: string) {
  const slipway = await startSlipway(join(folder, 'data'));
  const bytes = (shape: readonly (number | string)[]) =>
    identityModel({ datatype: 'FP32', shape: [...shape] });
  slipway.drop('models/iris/iris.onnx.examples.jsonl', EXAMPLES);
  slipway.drop('models/iris/iris.onnx', bytes(['n', 4]));
  await slipway.ending('iris', 1);
  writeFileSync(join(folder, 'next.onnx'), bytes(['rows', 4]));
  writeFileSync(join(folder, 'narrow.onnx'), bytes(['n', 3]));
  const env = { ...process.env, SLIPWAY_DATA: slipway.dataDir };
  const diff = (...args: readonly string[]) => runCli(['diff', ...args], env, folder).result;
  return { slipway, diff };
}

describe('the report of two versions', () => {
  it('is a page of the control API too, for the console', async () => {
    await using folder = await temporaryFolder();
    const { slipway } = await live(folder.path);
    await using _ = slipway;

    const page = await slipway.api('/models/iris/report?from=1&to=1');

    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('were never compared by their answers');
    expect((await slipway.api('/models/iris/report?to=7')).status).toBe(400);
  });
});

describe('a file that is not deployed', () => {
  it('is compared with the live version as a deployment does, and leaves nothing behind', async () => {
    await using folder = await temporaryFolder();
    const { slipway, diff } = await live(folder.path);
    await using _ = slipway;
    const temporary = readdirSync(tmpdir()).filter((name) => name.startsWith('slipway-diff-'));

    const same = await diff('./next.onnx', '--name', 'iris', '--report', 'report.html');
    const narrow = await diff('./narrow.onnx', '--name', 'iris');

    expect(same).toMatchObject({ code: 0 });
    const report = readFileSync(join(folder.path, 'report.html'), 'utf8');
    expect(report).toContain('<bdi>iris</bdi>: <bdi>next.onnx</bdi> beside <bdi>v1</bdi>');
    // On a machine at many times its load, five seconds are not enough for twenty requests.
    expect(report).toMatch(/<p class="verdict (same|unproven)">/);
    expect(report).toContain('<td>examples of the version before</td>');
    expect(narrow.stdout).toContain('iris narrow.onnx beside v1');
    expect(narrow.stdout).toMatch(/broken.*the input "x" takes the shape \[any, 3\]/);
    expect((await slipway.endings('iris')).map(({ version }) => version)).toEqual([1]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('slipway-diff-'))).toEqual(
      temporary,
    );
  });

  it('is refused where its model has no live version', async () => {
    await using folder = await temporaryFolder();
    const { slipway, diff } = await live(folder.path);
    await using _ = slipway;

    const { code, stderr } = await diff('./next.onnx', '--report', 'report.html');

    expect(code).not.toBe(0);
    expect(stderr).toContain('next');
    expect(existsSync(join(folder.path, 'report.html'))).toBe(false);
  });
});
