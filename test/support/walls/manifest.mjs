// Reads a manifest like a program that does not limit the cost.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const text = readFileSync(join(process.argv[2], 'model.yaml'), 'utf8');
JSON.stringify(parse(text, { maxAliasCount: -1 }));
