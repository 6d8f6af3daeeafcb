import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { runInNewContext } from 'node:vm';
import { missingPython, needing } from '../../../support/needs.ts';
import { LAUNCHER, NODE_LAUNCHER } from '../../../support/walls/canaries.ts';

type Calls = Readonly<Record<string, object>>;

const { calls }: { calls: Calls } = JSON.parse(
  readFileSync(LAUNCHER.replace(/\.py$/, '.json'), 'utf8'),
);

/** The names of walls.mjs that Python's libraries have, or that walls.py calls otherwise. */
const OTHERWISE: Readonly<Record<string, string>> = {
  CORE: 'resource.RLIMIT_CORE',
  CPU_GRACE_SECONDS: '5',
  NO_LIMIT: '2**64 + resource.RLIM_INFINITY',
  DATAGRAMS: 'socket.SOCK_DGRAM',
  SET_FD: 'fcntl.F_SETFD',
  CLOSE_ON_EXEC: 'fcntl.FD_CLOEXEC',
  O_PATH: 'os.O_PATH',
  O_CLOEXEC: 'os.O_CLOEXEC',
  X_OK: 'os.X_OK',
  R_OK: 'os.R_OK',
  NO_NEW_PRIVILEGES: 'walls._SET_NO_NEW_PRIVILEGES',
  SECCOMP: 'walls._SET_SECCOMP',
};

const SAID = `
import fcntl, json, os, resource, socket, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
import walls
calls, names = json.loads(sys.argv[2])
numbers = {name: eval(expression) for name, expression in names.items()}
numbers.update((name[1:], value) for name, value in vars(walls).items() if type(value) is int and name[0] == "_")
filters = {each: list(walls._filter(of, False, False)) for each, of in calls.items()}
print(json.dumps({"numbers": numbers, "filters": filters}))
`;

const NUMBERS =
  /^const (?:\[[A-Z_, ]+\]|[A-Z_]+) = (?:0x[\da-f]+|0o\d+|\d[\d_]*n?|[A-Z_]+|[\s|()<>*[\],-])+;$/gm;

/** The numbers of walls.mjs by name, and its filter for each processor; the file itself sets walls, so only its statements about these are run. */
function byNode() {
  const text = readFileSync(NODE_LAUNCHER, 'utf8');
  const numbers = [...text.matchAll(NUMBERS)]
    .map(([statement]) => statement)
    .filter((statement) => !statement.includes('REFUSALS'));
  const names = numbers.flatMap((statement) => statement.split(' = ')[0]?.match(/[A-Z_]+/g) ?? []);
  const filter = /^function\* filter[\s\S]*?^}[\s\S]*?^}/m.exec(text)?.[0];
  const said = `JSON.stringify({
    numbers: {${names.join()}},
    filters: Object.fromEntries(Object.entries(calls).map(([name, of]) => [name, [...filter(of)]])),
  }, (_, value) => typeof value === 'bigint' ? Number(value) : value)`;
  const errors = 'const { EPERM, EACCES, ENOSYS } = errno;';
  const program = [errors, ...numbers, filter, said].join('\n');
  return JSON.parse(runInNewContext(program, { calls, errno: constants.errno }));
}

needing(missingPython, () => {
  describe('the walls that Node sets where there is no Python', () => {
    const python = JSON.parse(
      execFileSync('python3', ['-c', SAID, LAUNCHER, JSON.stringify([calls, OTHERWISE])], {
        encoding: 'utf8',
      }),
    );
    const node = byNode();

    it('have the numbers of those that Python sets', () => {
      const names = Object.keys(node.numbers);

      expect(names.length).toBeGreaterThan(40);
      expect(node.numbers).toEqual(
        Object.fromEntries(names.map((name) => [name, python.numbers[name]])),
      );
    });

    it.each(Object.keys(calls))('have the same filter of system calls on %s', (processor) => {
      expect(node.filters[processor].length).toBeGreaterThan(100);
      expect(node.filters[processor]).toEqual(python.filters[processor]);
    });
  });
});
