import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CODE = 'answer = 42\n';
const INFO = 'thing-1.0.dist-info';

/** Writes a Python environment with one package, whose RECORD lists its one file. */
export function writeEnvironment(path: string) {
  const packages = join(path, 'lib/python3.12/site-packages');
  const [code, record] = [join(packages, 'thing.py'), join(packages, INFO, 'RECORD')];
  mkdirSync(join(packages, INFO), { recursive: true });
  mkdirSync(join(path, 'bin'));
  writeFileSync(join(path, 'bin/python'), '');
  writeFileSync(join(path, 'lock.txt'), '');
  writeFileSync(code, CODE);
  const hash = createHash('sha256').update(CODE).digest('base64url');
  writeFileSync(record, `thing.py,sha256=${hash},${CODE.length}\n${INFO}/RECORD,,\n`);
  return { packages, code, record, info: INFO };
}
