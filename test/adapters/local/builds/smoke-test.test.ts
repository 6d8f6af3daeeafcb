import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const PROGRAM = `
const { smokeTest } = await import(process.argv[1]);
const runtime = { image: { ask: ['ask'] }, container: {} };
const server = { port: 8080, healthPath: '/' };
const request = { protocol: 'invocations', body: {} };
await smokeTest({ runtime, image: 'image', modelFile: 'a.onnx', server, request, mostSeconds: 2 });
`;
/** A Docker whose server is ready at once, and ends with its container while it is asked for anything else. */
const DOCKER = `#!/bin/sh
case "$1 $*" in
  run*) echo container ;;
  exec*invocations) echo $$ >"$0.pid"; exec sleep 60 ;;
  exec*) echo '{"status":200,"body":""}' ;;
  kill*) kill "$(cat "$0.pid")" ;;
  inspect*) echo false ;;
  logs*) echo its last line ;;
esac
`;

it('an image that never answers its first request is ended, and its build says so', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'docker'), DOCKER, { mode: 0o755 });
  const env = { PATH: `${folder.path}:${process.env['PATH']}` };
  const given = ['--input-type=module', '-e', PROGRAM, join(COMMANDS, 'smoke-test.mjs')];

  const { code, err } = await run(process.execPath, given, '', env);

  expect(code).toBe(1);
  expect(err).toContain(
    'the image does not serve its model: it had not answered a request after 2 s\nits last line',
  );
});
