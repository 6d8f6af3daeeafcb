import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { Failure } from '#domain/failure.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { boundedInspector, INSPECTION_BUDGET } from '#operations/inspection/bounded.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { identityModel } from '../../support/models/onnx.ts';

const OPTIONS = { maxBytes: 1e12, manifest: manifestSchema.parse({}) };
const MODEL = identityModel({ datatype: 'FP32', shape: ['n'] });

function file(
  name: string,
  bytes: Uint8Array,
  source: ByteSource = bytesSource(bytes),
): ArtifactFile {
  return { name, sizeBytes: bytes.length, open: async () => source };
}

const ENDLESS_BYTES = 1e12;

/** A booster as JSON that has a list which nobody lives to see the end of. */
const endless: ArtifactFile = {
  name: 'm.json',
  sizeBytes: ENDLESS_BYTES,
  open: async () => ({
    sizeBytes: ENDLESS_BYTES,
    async read(start, length) {
      const bytes = Buffer.alloc(length, start % 2 === 0 ? '0,' : ',0');
      if (start === 0) bytes.write('{"learner":{"attributes":[');
      return bytes;
    },
  }),
};

/** Says that it has begun while the process of the inspection still starts, and goes on after an interrupt. */
const INTERRUPTED = `
import { boundedInspector, INSPECTION_BUDGET } from '#operations/inspection/bounded.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
const text = Buffer.from('version https://git-lfs.github.com/spec/v1');
const source = { sizeBytes: text.length, read: async (start, length) => text.subarray(start, start + length) };
const { inspect } = boundedInspector(INSPECTION_BUDGET, {}, { survivesInterrupt: true });
const file = { name: 'm.onnx', sizeBytes: text.length, open: async () => source };
process.on('SIGINT', () => undefined);
const inspection = inspect([file], { maxBytes: 1e12, manifest: manifestSchema.parse({}) });
console.log('begun');
inspection.catch(({ message }) => {
  console.log(message);
  process.exit();
});
`;

/** Reads a gigantic artifact as the function does, and says the most memory (MiB) that both processes had together. */
const MEASURED = `
import { readFileSync } from 'node:fs';
import { FUNCTION_BUDGET } from '#compose/aws-inspection.ts';
import { boundedInspector } from '#operations/inspection/bounded.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
const sizeBytes = 1e12;
const read = async (start, length) => {
  const bytes = Buffer.alloc(length, start % 2 === 0 ? '0,' : ',0');
  if (start === 0) bytes.write('{"learner":{"attributes":[');
  return bytes;
};
const residentKiB = (pid) => Number(/^VmRSS:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/' + pid + '/status', 'utf8'))?.[1] ?? 0);
const children = () => readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').split(' ').filter(Boolean);
let mostMiB = 0;
setInterval(() => {
  const sum = [process.pid, ...children()].reduce((kib, pid) => kib + residentKiB(pid), 0);
  mostMiB = Math.max(mostMiB, sum / 1024);
}, 10);
const { inspect } = boundedInspector({ ...FUNCTION_BUDGET, cpuSeconds: 3 }, process.env);
const file = { name: 'm.json', sizeBytes, open: async () => ({ sizeBytes, read }) };
inspect([file], { maxBytes: 1e13, manifest: manifestSchema.parse({}) }).catch(({ message }) => {
  console.log(JSON.stringify({ message, mostMiB }));
  process.exit();
});
`;

/** The processes that a process has started, by whichever of its threads. */
function childrenOf(pid: string): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}

const FUNCTION_MIB = 512;
// Lambda's own runtime, and growth between two looks at the memory.
const SPARE_MIB = 64;

describe('an inspection in a process of its own', () => {
  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux(
    'has room in a function of 512 MB with the process that reads for it, however large the artifact',
    async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', MEASURED], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const said: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) said.push(line);

      const { message, mostMiB } = JSON.parse(said[0] ?? '{}');
      expect(message).toMatch(/^its inspection reached the limit of 3 s of CPU/);
      // Else nothing was measured.
      expect(mostMiB).toBeGreaterThan(100);
      expect(mostMiB).toBeLessThan(FUNCTION_MIB - SPARE_MIB);
    },
  );

  it('outlives a Ctrl-C in the terminal of a Slipway, which decides what becomes of it', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', INTERRUPTED], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (said.push(line) === 1) process.kill(-(child.pid ?? 0), 'SIGINT');
    }

    expect(said).toEqual(['begun', 'm.onnx is a Git LFS pointer, not an ONNX model']);
  });

  onLinux('runs below what serves', async () => {
    const { inspect } = boundedInspector(INSPECTION_BUDGET, {});
    const priorities: number[] = [];
    const source: ByteSource = {
      ...bytesSource(MODEL),
      read(start, length) {
        priorities.push(...childrenOf('self').map((pid) => getPriority(pid)));
        return bytesSource(MODEL).read(start, length);
      },
    };

    await inspect([file('m.onnx', MODEL, source)], OPTIONS);

    expect(priorities).toContain(Math.min(19, getPriority() + 3));
  });

  it('finds what one without finds', async () => {
    const { inspect } = boundedInspector(INSPECTION_BUDGET, {});

    const facts = await inspect([file('m.onnx', MODEL)], OPTIONS);

    expect(facts).toEqual(await inspectFiles([file('m.onnx', MODEL)], OPTIONS));
  });

  it('is told all that the manifest says of the model', async () => {
    const { inspect } = boundedInspector(INSPECTION_BUDGET, {});
    const files = [
      file('predict.py', Buffer.from('def predict(rows): return rows')),
      file('other.py', Buffer.from('def predict(rows): return rows')),
      file('requirements.txt', Buffer.from('')),
      file('Dockerfile', Buffer.from('FROM scratch')),
    ];
    const said = (manifest: object) =>
      inspect(files, { ...OPTIONS, manifest: manifestSchema.parse(manifest) });

    const code = { model: { format: 'python' }, entrypoint: 'other.py:predict' };
    expect(await said(code)).toMatchObject({ entrypoint: 'other.py:predict' });
    expect(await said({ runtime: { port: 3000 } })).toMatchObject({ format: 'custom' });
  });

  it('is told which code answers, and which packages there are', async () => {
    const { inspect } = boundedInspector(INSPECTION_BUDGET, {});
    const code = Buffer.from('def predict(x): return x');
    const files = [
      file('predict.py', code),
      file('own.py', code),
      file('requirements.txt', Buffer.of()),
    ];
    const manifest = manifestSchema.parse({
      entrypoint: 'own.py:answer',
      build: { requirements: [] },
    });

    expect(await inspect(files, { ...OPTIONS, manifest })).toMatchObject({
      entrypoint: 'own.py:answer',
    });
  });

  it('fails as one without does, with the fix', async () => {
    const { inspect, parseManifest } = boundedInspector(INSPECTION_BUDGET, {});

    await expect(inspect([], OPTIONS)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: 'Put the files of the model in the folder; in a bucket upload them first, then model.yaml again.',
    });
    await expect(parseManifest('a: [', 'model.yaml')).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });

  it('fails with the very failure of a read, whose name says whether to try again', async () => {
    const { inspect } = boundedInspector(INSPECTION_BUDGET, {});
    const failure = new Failure('PlatformThrottled', 'S3 answered 503');
    const read = () => Promise.reject(failure);

    const failed = inspect([file('m.onnx', MODEL, { sizeBytes: MODEL.length, read })], OPTIONS);

    await expect(failed).rejects.toBe(failure);
  });

  it('is given up when it has used its time, and says what it had read', async () => {
    const { inspect } = boundedInspector({ ...INSPECTION_BUDGET, cpuSeconds: 0.5 }, {});

    const failed = inspect([endless], OPTIONS);

    await expect(failed).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringMatching(
        /^its inspection reached the limit of 0\.5 s of CPU after it had read m\.json from byte \d+ to \d+$/,
      ),
    });
  });

  it('is given up when it has used its memory', async () => {
    const { parseManifest } = boundedInspector({ ...INSPECTION_BUDGET, memoryMiB: 16 }, {});

    const failed = parseManifest(`a: [${'[],'.repeat(80_000)}]`, 'model.yaml');

    await expect(failed).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: 'its inspection reached the limit of 16 MiB of memory before it had read anything',
    });
  });

  it('leaves nothing of itself at the process that is kept for the next one', async () => {
    const warned: string[] = [];
    const hear = ({ name }: Error) => warned.push(name);
    process.on('warning', hear);
    const { parseManifest } = boundedInspector(INSPECTION_BUDGET, {});

    for (let count = 0; count < 20; count += 1) await parseManifest('', 'model.yaml');

    process.off('warning', hear);
    expect(warned).toEqual([]);
  });

  it('leaves the next one a process that works', async () => {
    const inspector = boundedInspector({ ...INSPECTION_BUDGET, cpuSeconds: 0.3 }, {});
    await inspector.inspect([endless], OPTIONS).catch(() => undefined);

    const manifest = await inspector.parseManifest('', '');

    expect(manifest).toEqual(manifestSchema.parse({}));
  });
});
