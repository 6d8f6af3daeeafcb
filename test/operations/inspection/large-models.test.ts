import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gpuFor, runtimeOn } from '#domain/placement/gpu-need.ts';
import type { Target } from '#domain/placement/target.ts';
import { inspectPath } from '#operations/inspection/inspect-path.ts';
import {
  encoderOfHundredMegabytes,
  llamaInFourBits,
  llamaInSixteenBits,
} from '../../support/models/large-language.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const ROOT = join(import.meta.dirname, '../../..');

describe('before anything of it is uploaded, it is said', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  async function placed(path: string) {
    const { options, facts } = await inspectPath(path);
    const of = (target: Target) => options.find((option) => option.target === target);
    return { facts, of, taken: options.find(({ taken }) => taken) };
  }

  it('that an encoder of 100 MB goes to Lambda, where it costs nothing while idle', async () => {
    const { taken, of } = await placed(await encoderOfHundredMegabytes(join(folder.path, 'e')));

    expect(taken).toMatchObject({ target: 'lambda', monthlyUsd: 0, memoryMiB: 1769 });
    expect(taken?.coldStartSeconds).toBeLessThan(of('fargate')?.coldStartSeconds ?? 0);
    expect(of('fargate')?.monthlyUsd).toBeGreaterThan(30);
  });

  it('that 7 billion parameters in 4 bits go to Fargate, since no request waits as long as it takes to start on Lambda', async () => {
    const { taken, of, facts } = await placed(await llamaInFourBits(folder.path));

    expect(facts.sizeBytes / 3.79e9).toBeCloseTo(1, 1);
    expect(of('lambda')?.reason).toMatch(/a cold start would take some 54 s/);
    expect(taken).toMatchObject({ target: 'fargate' });
  });

  it('that the same in 16 bits go to a GPU, which they get without asking where there is vLLM', async () => {
    const path = await llamaInSixteenBits(join(folder.path, 'l'));
    const { manifest, facts } = await inspectPath(path);
    const chosen = gpuFor({ facts, manifest }, true);
    writeFileSync(join(path, 'model.yaml'), 'resources: { accelerator: any }');

    const { taken } = await placed(path);

    expect([chosen, runtimeOn(facts, chosen)]).toEqual([{ name: 'any', count: 1 }, 'vllm']);
    expect(taken).toMatchObject({
      target: 'ec2',
      accelerator: { name: 'L40S', count: 1 },
      serving: { maxModelLen: 4096 },
    });
  });
});

describe('20 GB of weights', () => {
  const INSPECT = `
import { filesAt } from '#operations/inspection/inspect-path.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';
const most = () => process.resourceUsage().maxRSS * 1024;
const [before, start] = [most(), process.cpuUsage()];
const manifest = parseManifest('', 'model.yaml');
const { weightBytes } = await inspectFiles(await filesAt(process.argv[1]), { maxBytes: 2 ** 40, manifest });
const { user, system } = process.cpuUsage(start);
console.log(JSON.stringify({ weightBytes, takenBytes: most() - before, cpuMs: (user + system) / 1000 }));
`;

  it.each<[string, (folder: string) => Promise<string>]>([
    ['safetensors', (folder) => llamaInSixteenBits(folder, 20 * GIB)],
    ['GGUF', (folder) => llamaInFourBits(folder, (20 * GIB * 32) / 18)],
  ])(
    'in %s are understood in 64 MiB, by a process that is killed after three seconds of CPU, with its own start',
    async (what, make) => {
      await using folder = await temporaryFolder();
      const path = await make(join(folder.path, 'l'));

      const given = ['--input-type=module', '--eval', INSPECT, path];
      const limited = ['-c', 'ulimit -t 3; exec "$0" "$@"', process.execPath, ...given];
      const child = spawn('bash', limited, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
      const { weightBytes, takenBytes, cpuMs } = JSON.parse(await text(child.stdout));

      process.stdout.write(
        `20 GB of ${what}: ${Math.round(cpuMs)} ms of CPU, ${(takenBytes / MIB).toFixed(1)} MiB\n`,
      );
      expect(weightBytes / (20 * GIB)).toBeCloseTo(1, 4);
      expect(takenBytes).toBeLessThan(64 * MIB);
    },
  );
});
