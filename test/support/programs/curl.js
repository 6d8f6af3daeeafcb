// The part of curl that Slipway's printed commands need, for a machine without curl: curl [-s] [-H HEADER]... [-d BODY | -d @FILE | -d @-] URL
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
  },
});
const [url] = positionals;
const headers = values.header.map((line) => line.split(/: */, 2));

const answer = await fetch(url, {
  headers,
  ...(values.data !== undefined && { method: 'POST', body: bodyOf(values.data) }),
});
process.stdout.write(await answer.text());

function bodyOf(data) {
  if (!data.startsWith('@')) return data;
  return readFileSync(data === '@-' ? 0 : data.slice(1));
}
