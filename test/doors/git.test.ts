import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GitClone, gitClone } from '../support/doors/git-door.ts';
import { run } from '../support/local/commands.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { missingPrograms, needing } from '../support/needs.ts';
import { call } from '../support/slipway/clients.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));
const ten = addConstantModel({ constant: 10 });
const twenty = addConstantModel({ constant: 20 });

needing(missingPrograms('git'), () => {
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

  // Each test has a repository and a model of its own.
  let clone: GitClone;
  let count = 0;
  let [model, FILE] = ['', ''];
  beforeEach(async () => {
    count += 1;
    model = `adder-${count}`;
    FILE = `models/${model}/adder.onnx`;
    clone = await gitClone(slipway, join(folder.path, `repository ${count}`));
  });

  const answer = async (name = model) => (await call(slipway, name)).data;
  const pushedMain = () => run('git', ['-C', clone.remote, 'rev-parse', '--verify', 'main']);
  const commitFile = async (bytes: Uint8Array | string, file = FILE) => {
    await clone.write(file, bytes);
    await clone.commit();
  };

  it('leads from nothing to a right answer, an upgrade, a refusal that leads on, and back', async () => {
    await commitFile(ten);
    const first = await clone.push('main');

    expect(first).toMatchObject({ code: 0 });
    expect(first.err).toMatch(/remote: +\d+\.\d\d s +Live +adder-1 v1/);
    expect(first.err).toContain(`remote: ${model} answers at ${slipway.gateway}/models/${model}`);
    expect(await answer()).toEqual([11, 12]);

    await commitFile(twenty);
    expect((await clone.push('main')).err).toMatch(/Live +adder-1 v2/);
    expect(await answer()).toEqual([21, 22]);
    const { out: upgraded } = await pushedMain();

    await commitFile('this is no model');
    const refused = await clone.push('main');
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/remote: adder-1 is refused: .*adder\.onnx.*\nremote: → \S+/);
    expect(refused.err).toContain('pre-receive hook declined');
    expect((await pushedMain()).out).toBe(upgraded);
    expect(await slipway.endings(model)).toHaveLength(2);

    await clone.done('reset', '--quiet', '--hard', 'HEAD~1');
    await clone.done('revert', '--no-edit', 'HEAD');
    const reverted = await clone.push('main');
    expect(reverted.code).toBe(0);
    expect(reverted.err).toContain(`${model} v1 has these bytes: ${model} goes back to version 1`);
    expect(await answer()).toEqual([11, 12]);
    const { versions } = JSON.parse((await slipway.command('versions', model, '--json')).out);
    expect(versions.map(({ version }: { version: number }) => version)).toEqual([2, 1]);
  });

  it('deploys folders and several models at once, and each only where it changed', async () => {
    await clone.write('models/one/model.yaml', 'examples: []\n');
    await clone.write('models/one/one.onnx', ten);
    await clone.write('models/one/notes/README', 'about it');
    await clone.write('models/two/inner/model.yaml', '');
    await clone.write('models/two/inner/two.onnx', twenty);
    await clone.write('models/three/three.onnx', ten);
    await clone.write('models/three/three.onnx.yaml', 'resources:\n  memory: 512Mi\n');
    await clone.write('models/three/train.py', 'print()');
    await clone.write('models/README.md', 'our models');
    await clone.commit();
    const { code, err } = await clone.push('main');

    expect(code).toBe(0);
    expect(err).toContain('three: left out train.py, no part of three.onnx');
    expect([await answer('one'), await answer('two'), await answer('three')]).toEqual([
      [11, 12],
      [21, 22],
      [11, 12],
    ]);
    await commitFile(twenty, 'models/three/three.onnx');
    await clone.push('main');
    expect(await answer('three')).toEqual([21, 22]);
    expect(await slipway.endings('one')).toHaveLength(1);

    await clone.done('rm', '-r', '--quiet', 'models/two');
    await clone.commit();
    expect((await clone.push('main')).err).toMatch(/stays live: `.* undeploy two` removes it/);
    expect(await answer('two')).toEqual([21, 22]);
  });

  it('compares the models of another branch, which get no traffic', async () => {
    await commitFile(ten);
    await clone.push('main');
    await clone.done('checkout', '--quiet', '-b', 'try/$(touch${IFS}pwned)');
    await commitFile(twenty);
    await commitFile(ten, 'models/new/new.onnx');
    const { code, err } = await clone.push('HEAD');

    expect(code).toBe(0);
    expect(err).toContain('5 of 5 drawn requests were answered otherwise');
    expect(err).toContain('new would be new: there is no live version to compare it with');
    const [, report = ''] = /the report is in (.*\.html)/.exec(err) ?? [];
    expect(await readFile(report, 'utf8')).toContain('<html');
    expect(await answer()).toEqual([11, 12]);
    expect((await call(slipway, 'new')).status).toBe(404);
    expect(await slipway.endings(model)).toHaveLength(1);
    expect(await readdir(clone.remote)).not.toContain('pwned');

    await commitFile('this is no model');
    expect(await clone.push('HEAD')).toMatchObject({ code: 1 });
  });

  it('names the version that has the bytes of a tagged commit', async () => {
    await commitFile(ten);
    await clone.done('tag', 'v1.0');
    const { err } = await clone.push('main', 'v1.0');
    const tagsOf = async () => {
      const { versions } = JSON.parse((await slipway.command('versions', model, '--json')).out);
      return versions.map(({ version, tags }: Record<string, unknown>) => [version, tags]);
    };

    expect(err).toContain(`${model} v1 is v1.0`);
    expect((await slipway.command('status')).out).toContain(`${model}  v1 (v1.0) live`);
    await commitFile(twenty);
    await clone.done('tag', '--annotate', '--force', '--message', 'moved', 'v1.0');
    await clone.push('main');
    await clone.push('--force', 'v1.0');
    expect(await tagsOf()).toEqual([
      [2, ['v1.0']],
      [1, undefined],
    ]);
    await clone.done('revert', '--no-edit', 'HEAD');
    await clone.push('main');
    expect((await slipway.command('versions', model)).out).toMatch(/v2 .*Retired.* v1\.0/);
    expect(await slipway.command('rollback', model, '--to', 'v1.0')).toMatchObject({ code: 0 });
    expect(await answer()).toEqual([21, 22]);
    const unknown = await slipway.command('rollback', model, '--to', 'v9');
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.err).toContain('has the tag v9\n→ Its versions have the tags v1.0.');
    const both = await slipway.api(`/models/${model}/rollback?to=1&tag=v1.0`, { method: 'POST' });
    expect(both.status).toBe(400);
    await clone.push('--delete', 'v1.0');
    expect(await tagsOf()).toEqual([
      [2, undefined],
      [1, undefined],
    ]);
  });

  it('takes nothing while no Slipway runs, and says what to do', async () => {
    const data = join(folder.path, 'data of no Slipway');
    await run(process.execPath, [MAIN, 'git', 'init', clone.remote, '--data', data]);
    await commitFile(ten);

    const { code, err } = await clone.push('main');

    expect(code).toBe(1);
    expect(err).toContain(`no Slipway is running with the data folder ${data}`);
    expect(err).toMatch(/→ Start one with `.* start`/);
    expect((await pushedMain()).code).not.toBe(0);
  });

  it('deploys what a push has left when Slipway stopped after it', async () => {
    await commitFile(ten);
    await clone.push('main');
    await commitFile(twenty);
    // As a push whose hook was killed after the ref had moved.
    await run('git', ['-C', clone.path, 'push', '--quiet', clone.remote, 'main:refs/heads/later']);
    const tip = await clone.done('rev-parse', 'main');
    await run('git', ['-C', clone.remote, 'update-ref', 'refs/heads/main', tip]);

    const { code } = await slipway.command('git', 'deploy', '--repository', clone.remote);

    expect(code).toBe(0);
    expect(await answer()).toEqual([21, 22]);
    const again = await slipway.command('git', 'deploy', '--repository', clone.remote);
    expect(again).toMatchObject({ code: 0, out: '' });
  });

  it('deploys the commits of a checkout, as a CI job does', async () => {
    await commitFile(ten);
    const before = await clone.done('rev-parse', 'HEAD');
    const deploy = (...args: readonly string[]) =>
      slipway.command('git', 'deploy', '--repository', clone.path, ...args);
    expect((await deploy('--before', '0'.repeat(40))).code).toBe(0);
    expect(await answer()).toEqual([11, 12]);
    await commitFile(twenty);
    expect((await deploy('--before', before, '--after', 'HEAD')).code).toBe(0);
    expect(await answer()).toEqual([21, 22]);
    await commitFile('this is no model');

    expect(await deploy('--before', before)).toMatchObject({ code: 1 });
    expect(await run(process.execPath, [MAIN, 'git', 'deploy', '--stage', 'prod'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--before COMMIT --after COMMIT'),
    });
    expect(await deploy('--before', '--help')).toMatchObject({ code: 2 });
    expect(await deploy('--before', 'f'.repeat(40))).toMatchObject({
      code: 2,
      err: expect.stringContaining('fetch-depth: 0'),
    });
    expect(await slipway.endings(model)).toHaveLength(2);
  });

  describe('a hostile push', () => {
    /** Commits a tree that Git itself would not write, below models/adder/. */
    async function commitEntry(mode: string, type: string, name: string): Promise<string> {
      await clone.write('payload', 'touch pwned');
      const blob = await clone.done('hash-object', '-w', 'payload');
      const inner = await tree(`100644 blob ${blob}\tx`);
      const id = { blob, tree: inner, commit: 'a'.repeat(40) }[type] ?? blob;
      const adder = await tree(`${mode} ${type} ${id}\t${name}`);
      const models = await tree(`040000 tree ${adder}\tadder`);
      const root = await tree(`040000 tree ${models}\tmodels`);
      return clone.done('commit-tree', '-m', 'hostile', root);
    }
    async function tree(line: string): Promise<string> {
      const made = await run('git', ['-C', clone.path, 'mktree', '--missing'], `${line}\n`);
      if (made.code !== 0) throw new Error(made.err);
      return made.out.trim();
    }

    it.each([
      ['a symbolic link', '120000', 'blob', 'adder.onnx', 'is a symbolic link'],
      ['a submodule', '160000', 'commit', 'adder', 'is a submodule'],
      ['a .git folder', '040000', 'tree', '.git', /hasDotgit|contains '\.git'/],
      ['a path to the folder above', '040000', 'tree', '..', /hasDotdot|contains '\.\.'/],
      ['a path with a backslash', '100644', 'blob', 'a\\b.onnx', 'backslash'],
    ])('with %s is refused', async (_, mode, type, name, says) => {
      const commit = await commitEntry(mode, type, name);

      const { code, err } = await clone.push(`${commit}:refs/heads/main`);

      expect(code).toBe(1);
      expect(err).toMatch(says);
      expect((await pushedMain()).code).not.toBe(0);
    });

    it('runs nothing that is in the tree or in a name', async () => {
      const name = '$(touch pwned);`touch pwned`|touch pwned';
      const payload = '#!/bin/sh\ntouch pwned\n';
      await clone.write('hooks/post-receive', payload);
      await clone.write('slipway/hooks/pre-receive', payload);
      await clone.write('.gitattributes', '* filter=evil diff=evil merge=evil\n');
      await clone.write(`models/${model}/${name}.onnx`, ten);
      await clone.commit();

      const { code } = await clone.push('main');

      expect(code).toBe(0);
      expect(await answer()).toEqual([11, 12]);
      const left = await readdir(folder.path, { recursive: true });
      expect(left.filter((path) => path.endsWith('/pwned'))).toEqual([]);
      expect(await readdir(join(clone.remote, 'slipway', 'work'))).toEqual([]);
    });

    it('moves no ref of Slipway, no replacement, and does not remove main', async () => {
      await commitFile(ten);
      await clone.push('main');
      const tip = await clone.done('rev-parse', 'HEAD');

      for (const ref of [`${tip}:refs/replace/${tip}`, 'HEAD:refs/slipway/deployed', ':main']) {
        expect(await clone.push(ref)).toMatchObject({ code: 1 });
      }
      expect((await pushedMain()).out.trim()).toBe(tip);
      expect((await clone.push('HEAD:refs/tags/-x')).code).not.toBe(0);
    });

    it.each([
      ['is not named as a model', 'models/My Model/x.onnx', 'models/my-model'],
      ['is a model outside', 'models/x.onnx', 'models/NAME/'],
      ['has no model file', 'models/adder-code/train.py', 'model.yaml'],
    ])('that %s is refused with what to do', async (says, file, fix) => {
      await commitFile(ten, file);

      const { code, err } = await clone.push('main');

      expect(code).toBe(1);
      expect(err).toContain(says);
      expect(err).toMatch(new RegExp(`→ .*${fix.replaceAll('.', '\\.')}`));
    });

    it('that is too large is refused before it is unpacked', async () => {
      await run('git', ['-C', clone.remote, 'config', 'receive.maxInputSize', '1000']);
      await clone.write('models/adder/noise.bin', Buffer.from(noise(20_000)));
      await clone.commit();

      const { code, err } = await clone.push('main');

      expect(code).toBe(1);
      expect(err).toMatch(/exceeds maximum allowed size/);
    });
  });

  describe('a pointer', () => {
    const digest = createHash('sha256').update(ten).digest('hex');
    const pointer = (size: number) =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${digest}\nsize ${size}\n`;
    const objectOf = (path: string) =>
      join(path, 'lfs/objects', digest.slice(0, 2), digest.slice(2, 4));

    it.each([
      ['is missing', ten.length, async () => undefined, 'git lfs push'],
      [
        'is damaged',
        ten.length,
        async (path: string) => writeFile(path, Buffer.alloc(ten.length)),
        'have another hash',
      ],
      [
        'is huge',
        100_000_000_000,
        async (path: string) => {
          await writeFile(path, '');
          await truncate(path, 100_000_000_000);
        },
        'the limit is',
      ],
      [
        'is a link',
        ten.length,
        async (path: string) => symlink('/etc/hostname', path),
        'does not have its',
      ],
    ])('of Git LFS whose object %s is refused', async (_, size, plant, says) => {
      await mkdir(objectOf(clone.remote), { recursive: true });
      await plant(join(objectOf(clone.remote), digest));
      await commitFile(pointer(size));

      const { code, err } = await clone.push('main');

      expect(code).toBe(1);
      expect(err).toContain(says);
    });

    it('of DVC is resolved from the bucket, and from a folder that the owner named', async () => {
      const md5 = createHash('md5').update(ten).digest('hex');
      const store = join(folder.path, 'elsewhere');
      const keep = async (root: string) => {
        await mkdir(join(root, 'files/md5', md5.slice(0, 2)), { recursive: true });
        await writeFile(join(root, 'files/md5', md5.slice(0, 2), md5.slice(2)), ten);
      };
      await keep(store);
      const text = (path: string) =>
        `outs:\n- md5: ${md5}\n  size: ${ten.length}\n  hash: md5\n  path: ${path}\n`;
      await clone.write(
        '.dvc/config',
        `[core]\n    remote = here\n['remote "here"']\n    url = ${store}\n`,
      );
      await commitFile(text('adder.onnx'), `${FILE}.dvc`);

      const refused = await clone.push('main');
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(/→ Send them by `dvc push`.*slipway\.dvcRemote/);

      await slipway.command('git', 'init', clone.remote, '--dvc-remote', store);
      expect((await clone.push('main')).code).toBe(0);
      expect(await answer()).toEqual([11, 12]);

      await keep(join(slipway.dataDir, 'bucket', 'dvc'));
      await run('git', ['-C', clone.remote, 'config', '--unset', 'slipway.dvcRemote']);
      await clone.write('.dvc/config', `['remote "s3"']\n    url = s3://bucket/dvc\n`);
      await commitFile(text('second.onnx'), 'models/second/second.onnx.dvc');
      expect((await clone.push('main')).code).toBe(0);
      expect(await answer('second')).toEqual([11, 12]);

      await commitFile(text('../../../../../etc/x.onnx'), 'models/third/third.onnx.dvc');
      expect(await clone.push('main')).toMatchObject({
        code: 1,
        err: expect.stringContaining('is not a plain relative path'),
      });
    });
  });

  needing(missingPrograms('git-lfs'), () => {
    it("takes the objects of git-lfs's own client, in a push and in a checkout", async () => {
      await clone.done('lfs', 'install', '--local');
      await clone.done('lfs', 'track', '*.onnx');
      await commitFile(ten);
      expect(await clone.done('show', `HEAD:${FILE}`)).toContain('git-lfs.github.com/spec/v1');

      expect(await clone.push('main')).toMatchObject({ code: 0 });
      expect(await answer()).toEqual([11, 12]);

      await commitFile(twenty);
      const { code } = await slipway.command(
        'git',
        'deploy',
        '--repository',
        clone.path,
        '--before',
        'HEAD~1',
      );
      expect(code).toBe(0);
      expect(await answer()).toEqual([21, 22]);
    });
  });
});

/** Bytes that do not compress, the same in every run. */
function noise(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let value = 1;
  for (let at = 0; at < count; at += 1) {
    value = (value * 16_807) % 2_147_483_647;
    bytes[at] = value & 255;
  }
  return bytes;
}
