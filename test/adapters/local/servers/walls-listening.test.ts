import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { LAUNCHER, MACHINE, missingWalls } from '../../../support/walls/canaries.ts';

const run = promisify(execFile);
/** Tries each call, and prints the outcomes as JSON. */
const ATTEMPTS = `
import json, os, socket, sys

def listens():
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind("own.sock")
    made.listen()

attempts = {
    "listens": listens,
    "connects": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect("other.sock"),
    "datagrams": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
    "network": lambda: socket.socket(),
}
def outcome(attempt):
    try:
        attempt()
        return "done"
    except OSError as error:
        return os.strerror(error.errno)

print(json.dumps({name: outcome(attempt) for name, attempt in attempts.items()}))
`;

const REFUSED = 'Permission denied';

needing(missingWalls('seccomp'), () => {
  describe('the sockets of a process that loads a model', () => {
    it.each([
      [
        { format: 'gguf', listens: true },
        { listens: 'done', connects: REFUSED },
      ],
      [{ format: 'xgboost' }, { listens: REFUSED, connects: REFUSED }],
    ])('of %j are %j, and no others', async (about, sockets) => {
      await using folder = await temporaryFolder();
      const facts = join(folder.path, 'facts.json');
      await writeFile(facts, JSON.stringify(about));
      const plan = { landlock: 0, seccomp: true, namespaces: false, read: [], write: [] };
      const env = { SLIPWAY_WALLS: JSON.stringify(plan), MODEL_FACTS: facts };

      const command = ['-I', '-S', LAUNCHER, String(MACHINE.python), '-c', ATTEMPTS];
      const { stdout } = await run('python3', command, {
        cwd: folder.path,
        env: { ...process.env, ...env },
      });

      expect(JSON.parse(stdout)).toEqual({ ...sockets, datagrams: REFUSED, network: REFUSED });
    });
  });
});
