import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLocalConfig } from '../../src/compose/config.ts';
import { type LocalSlipway, startLocal } from '../../src/compose/local.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let slipway: LocalSlipway;

beforeAll(async () => {
  folder = await temporaryFolder();
  data = join(folder.path, 'data');
  slipway = await startLocal(readLocalConfig({ dataDir: data, gatewayPort: 0, controlPort: 0 }), {
    environment: {},
    report: () => {},
  });
});

afterAll(async () => {
  await slipway.stop();
  await folder[Symbol.asyncDispose]();
});

describe('slipway', () => {
  it('answers in JSON also why it did not do what it was asked', async () => {
    const file = join(folder.path, 'w.safetensors');
    await writeFile(file, 'no model');

    const { code, stdout, stderr } = await runHere('inspect', file, '--json');

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        name: 'ArtifactRejected',
        message: expect.stringContaining('safetensors'),
        fix: expect.stringContaining('predict.py'),
      },
    });
    expect(stderr).toContain('safetensors');
  });

  it.each([
    {
      args: ['inspect'],
      message: "missing required argument 'path'",
      fix: 'See `slipway inspect --help`.',
    },
    {
      args: ['whatif', 'digits', '--hours', '20'],
      message:
        '--peak, --p95, --hours and --cold-starts belong to a demand, and no --rps names one',
      fix: 'Give --rps too: `slipway whatif digits --rps 50 --p95 200`.',
    },
    {
      args: ['whatif', 'digits', '--rps', '10', '--peak', '5'],
      message: '--peak is 5; it must be at least --rps, 10',
      fix: 'Leave --peak out: it is twice --rps then.',
    },
    {
      args: ['whatif', 'digits', '--rps', '1e9'],
      message:
        "option '--rps <n>' argument '1e9' is invalid. Give a number above 0, 100000 at most",
      fix: 'See `slipway whatif --help`.',
    },
    {
      args: ['whatif', 'digits', '--rps', '1', '--hours', '2000'],
      message:
        "option '--hours <n>' argument '2000' is invalid. Give a number above 0, 730 at most",
      fix: 'See `slipway whatif --help`.',
    },
    {
      args: ['whatif', 'digits', '--rps', '1', '--p95', '0'],
      message: "option '--p95 <ms>' argument '0' is invalid. Give a whole number from 1 to 900000",
      fix: 'See `slipway whatif --help`.',
    },
    ...[
      ['diff', 'digits', '--from', '0'],
      ['diff', 'digits', '--to', '0'],
      ['rollback', 'digits', '--to', '0'],
      ['promote', 'digits', '--version', '0'],
    ].map((args) => ({
      args,
      message: expect.stringMatching(
        /^option '--(from|to|version) <\w+>' argument '0' is invalid\. Give the number of a version, 1 or more$/,
      ),
      fix: `See \`slipway ${args[0]} --help\`.`,
    })),
    {
      args: ['diff', './nowhere'],
      message: './nowhere does not exist',
      fix: expect.stringMatching(/^Name a file or folder that is there, seen from /),
    },
    {
      args: ['keys', 'create', 'me', '--loud'],
      message: "unknown option '--loud'",
      fix: 'See `slipway keys create --help`.',
    },
    {
      args: ['--data', 'there', 'status'],
      message: "unknown option '--data'",
      fix: 'Put options after their command, as in `slipway status --json`. See `slipway --help`.',
    },
    {
      args: ['start', '--data', ''],
      message: "option '--data <dir>' argument '' is invalid. Give a folder",
      fix: 'See `slipway start --help`.',
    },
    { args: ['lounch'], message: "unknown command 'lounch'", fix: 'See `slipway --help`.' },
    {
      args: ['inspect', 'nowhere'],
      message: 'nowhere does not exist',
      fix: expect.stringMatching(/^Name a file or folder that is there, seen from /),
    },
    {
      args: ['inspect', 'https://huggingface.co/openai-community/gpt2'],
      message: 'https://huggingface.co/openai-community/gpt2 does not exist',
      fix: 'Download it first (`hf download openai-community/gpt2 --local-dir gpt2`), and name the file or folder that this writes.',
    },
    {
      args: ['push', 'https://example.org/m.onnx'],
      message: 'https://example.org/m.onnx does not exist',
      fix: "Download it first (`curl -LO 'https://example.org/m.onnx'`), and name the file or folder that this writes.",
    },
    {
      args: ['push', 's3://bucket/model/'],
      message: 's3://bucket/model/ does not exist',
      fix: "Download it first (`aws s3 cp 's3://bucket/model/' . --recursive`), and name the file or folder that this writes.",
    },
    {
      args: ['push', 'gs://bucket/m.onnx'],
      message: 'gs://bucket/m.onnx does not exist',
      fix: "Download it first (`gcloud storage cp 'gs://bucket/m.onnx' .`), and name the file or folder that this writes.",
    },
    {
      args: ['push', 'ftp://example.org/m.onnx'],
      message: 'ftp://example.org/m.onnx does not exist',
      fix: 'Download what is at that address first, and name the file or folder that this writes.',
    },
    {
      args: ['push', '~/m.onnx'],
      message: '~/m.onnx does not exist',
      fix: 'Leave out the quotes, so that the shell reads ~ as your home folder, or write it out: "$HOME"/m.onnx.',
    },
    {
      args: ['promote', 'm', '--from', './a', '--to', './b/../a'],
      message: './a is where it comes from and where it goes',
      fix: expect.any(String),
    },
    {
      args: ['promote', 'm', '--from', 'prod', '--to', 'prod'],
      message: 'prod is where it comes from and where it goes',
      fix: expect.any(String),
    },
    {
      args: ['promote', 'm', '--from', './a', '--to', 'prod'],
      message: './a and prod are not of one kind',
      fix: expect.any(String),
    },
  ])('answers in JSON also that $args is wrong, and what to do', async ({ args, message, fix }) => {
    const { code, stdout, stderr } = await runHere(...args, '--json');

    expect(code).toBe(2);
    expect(JSON.parse(stdout).error).toEqual({ name: 'InputInvalid', message, fix });
    expect(stderr).toMatch(/^slipway: .*\n→ [A-Z]/m);
  });

  it.each(['status', 'list', 'ls'])('shows the models by %s', async (name) => {
    const { code, stdout } = await runHere(name, '--json', '--data', data);

    expect({ code, models: JSON.parse(stdout).models }).toEqual({ code: 0, models: [] });
  });

  it('shows and follows one model alone where it is named', async () => {
    const other = join(folder.path, 'other.onnx');
    await writeFile(other, '');
    await runHere('push', other, '--data', data);

    const [status, events, misspelt, unknown] = [
      await runHere('status', 'other', '--data', data),
      await runHere('events', 'nobody', '--data', data),
      await runHere('events', 'ohter', '--data', data),
      await runHere('status', 'nobody', '--data', data),
    ];

    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^other /) });
    expect(events.stdout).toBe('there are no events of nobody yet\n');
    expect(misspelt.stdout).toBe('there are no events of ohter yet; did you mean other?\n');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('no model nobody') });
  });

  it.each(['undeploy', 'delete', 'rm'])('removes a model by %s', async (name) => {
    const { code, stderr } = await runHere(name, 'nobody', '--yes', '--data', data);

    expect(code).toBe(2);
    expect(stderr).toContain('no model nobody');
  });

  it('says of a notebook that is pushed what it is', async () => {
    const notebook = join(folder.path, 'train.ipynb');
    await writeFile(notebook, '{}');

    const { code, stderr } = await runHere('push', notebook, '--data', data);

    expect(code).toBe(2);
    expect(stderr).toContain(
      'train.ipynb is a notebook, which makes a model but is not one\n→ Let',
    );
  });

  it('says which models a request log has where it has no request of the one that is replayed', async () => {
    const log = join(folder.path, 'requests.ndjson');
    const time = '2026-12-03T12:00:00Z';
    const entries = ['iris', 'ocr'].map((model) => JSON.stringify({ time, model }));
    await writeFile(log, entries.join('\n'));

    const { code, stderr } = await runHere('whatif', 'digits', '--replay', log, '--data', data);

    expect(code).toBe(2);
    expect(stderr).toContain(`digits got no requests in ${log}, which has those of iris, ocr\n→`);
  });

  it.each([
    { args: ['whatif', 'm', '--hours', '9'], says: /→ Give --rps too: `.* whatif m --rps 50/ },
    {
      args: ['whatif', 'digits', '--replay', MAIN],
      says: /main\.ts has no entry of a request log\n→ Give the requests\.ndjson/,
    },
    { args: ['push', ''], says: /the path is empty\n→ Name a file or a folder; .* is `\.`/ },
    { args: ['inspect', ''], says: /the path is empty/ },
    { args: ['push', '/dev/null', '--name', 'null'], says: /\/dev\/null is neither a file nor/ },
    { args: ['inspect', '/dev/zero'], says: /neither a file nor a folder\n→ Write what comes out/ },
    { args: ['push', 'missing.onnx'], says: /missing\.onnx does not exist\n→ Name a file/ },
    { args: ['push', MAIN], says: /main\.ts is not a self-contained model file/ },
    { args: ['push', MAIN, '--name', 'Bad_Name'], says: /`Bad_Name` is not a valid model name/ },
    { args: ['push'], says: /missing required argument 'path'\n→ See `.* push --help`/ },
    {
      args: ['start', '--max-monthly-usd', 'abc'],
      says: /argument 'abc' is invalid\. Give an amount of USD, such as 99\.50\n→/,
    },
    { args: ['keys'], says: /'keys' is not a command by itself\n→ See `.* keys --help`/ },
    { args: ['lounch'], says: /unknown command/ },
    { args: ['stat'], says: /unknown command 'stat'\n→ `.* status` shows what is live/ },
    { args: ['ps'], says: /unknown command 'ps'\n→ `.* status` shows what is live/ },
    { args: ['predict', 'iris'], says: /→ `.* invoke MODEL @FILE` sends/ },
    { args: ['serve'], says: /→ `.* start` starts Slipway .* `.* push PATH` deploys/ },
    { args: ['loggs'], says: /unknown command 'loggs'\n→ Did you mean `.* logs`\?/ },
    { args: ['keys', 'lst'], says: /unknown command 'lst'\n→ Did you mean `.* keys list`\?/ },
    { args: ['help', 'predict'], says: /unknown command 'predict'\n→ `.* invoke MODEL/ },
    { args: ['iris.onnx'], says: /→ To deploy a model: `.* push iris\.onnx`\./ },
    { args: ['deploy', 'iris.onnx'], says: /→ To deploy a model: `.* push iris\.onnx`\./ },
    { args: ['start', './iris'], says: /→ To deploy a model: `.* push \.\/iris`\./ },
    { args: ['logs'], says: /argument 'model'\n→ Name a model: `.* status` shows them\./ },
    { args: ['status', '--loud'], says: /unknown option/ },
    { args: ['start', '--port', 'many'], says: /a whole number/ },
    { args: ['invoke', 'nobody'], says: /\/invocations takes a body/ },
    {
      args: ['invoke', 'nobody', '--body', '@nowhere.json'],
      says: /nowhere\.json does not exist\n→ Name a file/,
    },
    { args: ['uninstall'], says: /uninstall needs the stage to remove/ },
    { args: ['start', '--data', MAIN], says: /main\.ts cannot hold Slipway's data/ },
    { args: ['start', '--webhook', 'http://127.0.0.1:1/'], says: /a webhook needs a secret/ },
  ])('answers 2 for $args and says why', async ({ args, says }) => {
    const result = await runHere(...args);

    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it.each([
    ['logs', 'nobody'],
    ['rollback', 'nobody'],
    ['abort', 'nobody'],
    ['undeploy', 'nobody', '--yes'],
    ['versions', 'nobody'],
    ['explain', 'nobody'],
  ])('%s answers 2 for a model that is not there', async (...args) => {
    const result = await runHere(...args, '--data', data);

    expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(/no model nobody/) });
  });

  it('asks for a name where the stem cannot be one', async () => {
    const path = join(folder.path, 'My Model.onnx');
    await writeFile(path, '');

    const pushed = await runHere('push', path, '--data', data);

    expect(pushed.code).toBe(2);
    expect(pushed.stderr).toMatch(/`My Model` is not a valid model name\n→ .*--name my-model/);
  });

  it('says how to start one when no Slipway runs', async () => {
    const status = await runHere('status', '--data', join(folder.path, 'nowhere'));

    expect(status.code).toBe(1);
    expect(status.stderr).toMatch(
      /no Slipway is running with the data folder .*nowhere\n→ Start one with/,
    );
  });

  it('does not say that none runs where it cannot look', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed);
    // Root may read files that nobody else may, but not a link to itself.
    await symlink('instance.json', join(closed, 'instance.json'));

    const status = await runHere('status', '--data', closed);

    expect(status.code).toBe(1);
    expect(status.stderr).toMatch(
      /closed cannot be read \(ELOOP\).*\n→ Run the command as the user/,
    );
  });

  it('is not taken in by the file of a killed Slipway whose port is another’s now', async () => {
    const killed = join(folder.path, 'killed');
    const { control, gateway } = slipway;
    await mkdir(killed);
    await writeFile(join(killed, 'instance.json'), JSON.stringify({ pid: 1, control, gateway }));

    const status = await runHere('status', '--data', killed);

    expect(status.code).toBe(1);
    expect(status.stderr).toMatch(/no Slipway is running with the data folder .*killed/);
  });

  it('shows its help and its version', async () => {
    expect(await runHere()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: (npm run -s slipway --|slipway) /),
    });
  });

  it.each(['--version', '-v', '-V'])('tells its version by %s', async (flag) => {
    const { code, stdout } = await runHere(flag);

    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it.each(['start', 'push', 'invoke', 'status', 'events', 'logs', 'doctor', 'uninstall'])(
    'has help with examples for %s',
    async (name) => {
      const help = await runHere(name, '--help');

      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(
        new RegExp(`Examples:\\n +(npm run -s slipway --|slipway) ${name}`),
      );
    },
  );
});
