import type { Datatype } from '../../support/models/onnx-graph.ts';
import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const CSV = { 'content-type': 'text/csv' };

const WIDTHS = ['8', '16', '32', '64'] as const;
const TWELVE: readonly Datatype[] = [
  'FP32',
  'FP64',
  ...WIDTHS.map((width) => `INT${width}` as const),
  ...WIDTHS.map((width) => `UINT${width}` as const),
  'BOOL',
  'BYTES',
];

/** Tables: MLflow's two shapes for them, and CSV. */
export function describeTables(runtime: Runtime): void {
  it.each([
    { says: 'a row', body: [[1, 2, 3]] },
    { says: 'a table', body: { dataframe_split: { columns: ['a'], data: [[1]] } } },
    { says: 'no object', body: { instances: [null] } },
  ])(
    'how many more columns a model takes is said where not all are named: $says',
    async ({ body }) => {
      const server = await sharedModel(runtime, ['identities', TWELVE]);

      const { status, json } = await server.post('/invocations', body);

      expect(status).toBe(400);
      expect(json.error).toMatch(/takes (an object with )?"FP32", .*"UINT16" and 4 more$/);
    },
  );

  describe('a model whose names have lost their spaces', () => {
    const columns = ['unit price', 'pieces'];

    it.each([
      { says: 'dataframe_split', body: { dataframe_split: { columns, data: [[2, 3]] } } },
      { says: 'dataframe_records', body: { dataframe_records: [{ 'unit price': 2, pieces: 3 }] } },
      { says: 'inputs', body: { inputs: { 'unit price': [2], pieces: [3] } } },
      { says: 'instances', body: { instances: [{ 'unit price': 2, pieces: 3 }] } },
      { says: 'a record', body: { 'unit price': 2, pieces: 3 } },
      { says: 'text/csv', body: 'unit price,pieces\n2,3\n', headers: CSV },
    ])('takes them as its table had them, in $says', async ({ body, headers = {} }) => {
      const server = await sharedModel(runtime, ['savedNames']);

      const { json, headers: said } = await server.post('/invocations', body, headers);

      expect(json).toEqual({ predictions: [6] });
      expect(said.has('x-slipway-warning')).toBe(false);
    });
  });

  describe('a model of one value in a row, for which its framework has no name,', () => {
    it.each([
      { says: 'dataframe_split', body: { dataframe_split: { columns: ['text'], data: [['a']] } } },
      { says: 'dataframe_records', body: { dataframe_records: [{ text: 'a' }] } },
      { says: 'instances', body: { instances: [{ text: 'a' }] } },
      { says: 'inputs', body: { inputs: { text: ['a'] } } },
      { says: 'a record', body: { text: 'a' } },
      { says: 'a list of records', body: [{ text: 'a' }] },
      { says: 'its name here', body: { input: 'a' } },
    ])('takes it under any, in $says', async ({ body }) => {
      const server = await sharedModel(runtime, ['unnamedText']);

      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: ['a'] });
    });

    it.each([
      {
        says: 'a word over texts',
        csv: 'review\nso good\n"bad, so"\n',
        is: ['so good', 'bad, so'],
      },
      { says: 'its name here', csv: 'input\ngood\nbad\n', is: ['good', 'bad'] },
      { says: 'what its type says is one', csv: 'so good\nbad\n', header: 'present', is: ['bad'] },
      { says: 'no word over words', csv: 'good\nbad\n', is: ['good', 'bad'] },
      { says: 'no text of several words', csv: 'so good\nso bad\n', is: ['so good', 'so bad'] },
      { says: 'no only line', csv: 'good\n', is: ['good'] },
      {
        says: 'nothing where its type says so',
        csv: 'good\nso bad\n',
        header: 'absent',
        is: ['good', 'so bad'],
      },
    ])('takes for the header of a CSV $says', async ({ csv, is, header }) => {
      const server = await sharedModel(runtime, ['unnamedText']);
      const type = header ? `text/csv; header=${header}` : 'text/csv';

      const { json } = await server.post('/invocations', csv, { 'content-type': type });

      expect(json).toEqual({ predictions: is });
    });

    it('says which line it took for a header without being told', async () => {
      const server = await sharedModel(runtime, ['unnamedText']);

      const { headers } = await server.post('/invocations', 'Great\nso bad\n', CSV);

      expect(headers.get('x-slipway-warning')).toContain('"Great"');
    });

    it('takes no table of two columns', async () => {
      const server = await sharedModel(runtime, ['unnamedText']);

      const { status, json } = await server.post('/invocations', { title: 'a', text: 'b' });

      expect(status).toBe(400);
      expect(json.error).toContain('an object with "title", "text"');
    });
  });

  describe('a model that takes columns', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['columns']);
    });
    const columns = ['name', 'pieces', 'weight'];
    const data = [
      ['nail', 200, 0.5],
      ['nut "M6", zinc', 3, 2],
    ];
    const records = data.map(([name, pieces, weight]) => ({ weight, pieces, name }));
    const predictions = { total: [100, 6], label: ['nail', 'nut "M6", zinc'] };
    const byRow = [
      { total: 100, label: 'nail' },
      { total: 6, label: 'nut "M6", zinc' },
    ];
    const rows = '"nail",200,0.5\n"nut ""M6"", zinc",3,2.0\n';

    it.each([
      { says: 'dataframe_split', body: { dataframe_split: { columns, data } } },
      {
        says: 'dataframe_split with an index',
        body: { dataframe_split: { columns, data, index: [7, 8] } },
      },
      { says: 'a table as pandas writes it in parts', body: { columns, index: [0, 1], data } },
      { says: 'dataframe_records', body: { dataframe_records: records } },
      { says: 'text/csv with names', body: `name,pieces,weight\n${rows}`, headers: CSV },
      { says: 'CRLF', body: `name,pieces,weight\r\n${rows}`, headers: CSV },
    ])(
      'takes $says, in any order of columns, and answers by row',
      async ({ body, headers = {} }) => {
        const { status, json } = await server.post('/invocations', body, headers);

        expect({ status, json }).toEqual({ status: 200, json: { predictions: byRow } });
      },
    );

    it.each(['application/x-ndjson', 'application/jsonlines; charset=utf-8', 'application/jsonl'])(
      'takes a row in each line of %s',
      async (type) => {
        const lines = records.map((record) => JSON.stringify(record)).join('\n');

        const { json } = await server.post('/invocations', `${lines}\n\n`, {
          'content-type': type,
        });

        expect(json).toEqual({ predictions });
      },
    );

    it('names the two ways in which pandas keeps the order of rows, where it did not', async () => {
      const { status, json } = await server.post('/invocations', {
        name: { 0: 'nail', 1: 'nut' },
        pieces: { 0: 1, 1: 2 },
        weight: { 0: 1, 1: 2 },
      });

      expect({ status, json }).toEqual({
        status: 400,
        json: {
          error: `the body has rows of "weight" by their index, as pandas' to_json() writes them; it takes those of to_json(orient="split") or "records"`,
        },
      });
    });

    it('names the line that is not JSON', async () => {
      const body = '{"name": "nail", "pieces": 1, "weight": 2}\n{"name": Infinity}';

      const { status, json } = await server.post('/invocations', body, {
        'content-type': 'application/x-ndjson',
      });

      expect(status).toBe(400);
      expect(json.error).toMatch(/^line 2 of the body: .* it has Infinity, which JSON does not/);
    });

    it('names the way of curl that leaves the line ends in a CSV', async () => {
      const body = 'name,pieces,weightnail,1,0.5nut,2,0.25';

      const { status, json } = await server.post('/invocations', body, CSV);

      expect(status).toBe(400);
      expect(json.error).toMatch(
        /one line of 7 cells, as `curl -d @FILE` .* `--data-binary @FILE`/,
      );
    });

    it.each([
      ['semicolons', 'name;pieces;weight\nnail;1;0,5\n'],
      ['tabs', 'nail\t1\t0.5\n'],
    ])('names %s in a CSV, which has commas', async (name, body) => {
      const { status, json } = await server.post('/invocations', body, CSV);

      expect({ status, json }).toEqual({
        status: 400,
        json: { error: `the cells of the CSV are separated by ${name}; it takes commas` },
      });
    });

    const positional = data.map(([name, pieces, weight]) => [weight, pieces, name]);
    it.each([
      { says: 'inputs', body: { inputs: positional } },
      { says: 'instances', body: { instances: positional } },
      { says: 'a bare list', body: positional },
      { says: 'a bare list of objects', body: records },
      { says: 'inputs as objects', body: { inputs: records } },
      {
        says: 'columns by name',
        body: { weight: [0.5, 2], pieces: [200, 3], name: ['nail', 'nut "M6", zinc'] },
      },
      { says: 'numbers as text', body: positional.map((row) => row.map(String)) },
      { says: 'instances by name', body: { instances: records } },
    ])('takes rows as $says', async ({ body }) => {
      const { status, json, headers } = await server.post('/invocations', body);

      expect({ status, json }).toEqual({ status: 200, json: { predictions } });
      expect(headers.get('x-slipway-warning')).toBeNull();
    });

    it.each([
      { says: 'a record', body: { name: 'nail', pieces: 200, weight: 0.5 } },
      { says: 'a record as inputs', body: { inputs: { name: 'nail', pieces: 200, weight: 0.5 } } },
      { says: 'values by position', body: [0.5, 200, 'nail'] },
      { says: 'values by position as inputs', body: { inputs: [0.5, 200, 'nail'] } },
      { says: 'instances', body: { instances: [[0.5, '200', 'nail']] } },
    ])('takes one row as $says', async ({ body }) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: { total: [100], label: ['nail'] } });
    });

    it('takes a number that only some records have as missing in the others', async () => {
      const sent = { dataframe_records: [{ name: 'nut', pieces: 3 }, records[0]] };

      const { status, json } = await server.post('/invocations', sent);

      expect({ status, json }).toEqual({
        status: 200,
        json: { predictions: [{ total: null, label: 'nut' }, byRow[0]] },
      });
    });

    it.each(['dataframe_records', 'instances', 'inputs'])(
      'passes over the params that clients of MLflow send beside %s, and says so',
      async (key) => {
        const sent = { params: { top: 3 }, [key]: records };

        const { status, json, headers } = await server.post('/invocations', sent);

        expect(status).toBe(200);
        expect(json).toEqual({ predictions: key === 'dataframe_records' ? byRow : predictions });
        expect(headers.get('x-slipway-warning')).toBe(
          'ignored what the model does not take: "params"',
        );
      },
    );

    it('refuses params where it is strict', async () => {
      const strict = await sharedModel(runtime, ['columns'], { EXTRA_COLUMNS: 'refuse' });

      const { status, json } = await strict.post('/invocations', {
        inputs: positional,
        params: { top: 3 },
      });

      expect({ status, json }).toEqual({
        status: 400,
        json: {
          error: 'the body has "params" beside "inputs"; the model takes no more than that',
        },
      });
    });

    const more = { id: 7, größe: 'x', weight: 0.5, pieces: 200, name: 'nail' };
    const split = { columns: Object.keys(more), data: [Object.values(more)] };
    const lines = `${Object.keys(more)}\n${Object.values(more)}\n`;
    const MORE = [
      { says: 'dataframe_split', body: { dataframe_split: split } },
      { says: 'dataframe_records', body: { dataframe_records: [more] } },
      { says: 'instances', body: { instances: [more] } },
      { says: 'inputs', body: { inputs: more } },
      { says: 'a record', body: more },
      { says: 'text/csv', body: lines, headers: CSV },
    ];

    it.each(MORE)(
      'passes over columns of $says that are not its own, and says so',
      async (sent) => {
        const { json, headers } = await server.post('/invocations', sent.body, sent.headers);

        const [row] = [json.predictions].flat();
        expect([row.total, row.label].flat()).toEqual([100, 'nail']);
        expect(headers.get('x-slipway-warning')).toBe(
          'ignored what the model does not take: "id", "gr\\u00f6\\u00dfe"',
        );
      },
    );

    it.each(MORE)(
      'refuses columns of $says that are not its own where it is strict',
      async (sent) => {
        const strict = await sharedModel(runtime, ['columns'], { EXTRA_COLUMNS: 'refuse' });

        const { status, json } = await strict.post('/invocations', sent.body, sent.headers);

        expect(status).toBe(400);
        expect(json.error).toMatch(
          /has "id", "größe", "weight", "pieces", "name"; it takes "weight", "pieces", "name"$/,
        );
      },
    );

    it.each([
      { says: 'a bare list', body: [] },
      { says: 'inputs', body: { inputs: [] } },
      { says: 'instances', body: { instances: [] } },
    ])('answers no rows of $says by none', async ({ body }) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: { total: [], label: [] } });
    });

    it.each([
      { says: 'dataframe_split', body: { dataframe_split: { columns, data: [] } } },
      { says: 'dataframe_records', body: { dataframe_records: [] } },
      { says: 'a CSV', body: 'name,pieces,weight\n', headers: CSV },
    ])('answers no rows of the table $says by none', async ({ body, headers = {} }) => {
      const { json } = await server.post('/invocations', body, headers);

      expect(json).toEqual({ predictions: [] });
    });

    it.each([
      { says: 'a bare list', body: [] },
      { says: 'inputs', body: { inputs: [] } },
      { says: 'instances', body: { instances: [] } },
      { says: 'dataframe_records', body: { dataframe_records: [] } },
      { says: 'dataframe_split', body: { dataframe_split: { columns: ['a', 'b'], data: [] } } },
      { says: 'a CSV', body: 'a,b\n', headers: CSV },
    ])('answers no rows of $says of a matrix by none', async ({ body, headers = {} }) => {
      const matrix = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);

      const { status, json } = await matrix.post('/invocations', body, headers);

      expect({ status, json }).toEqual({ status: 200, json: { predictions: [] } });
    });

    it.each([
      { says: 'a text', datatype: 'BYTES', shape: ['n'], body: '"a text"', y: ['a text'] },
      { says: 'a text', datatype: 'BYTES', shape: ['n', 1], body: '"a text"', y: [['a text']] },
      { says: 'a number', datatype: 'FP32', shape: ['n'], body: '5.5', y: [5.5] },
      {
        says: 'a value as inputs',
        datatype: 'FP32',
        shape: ['n', 1],
        body: '{"inputs": 5.5}',
        y: [[5.5]],
      },
    ] as const)(
      'takes $says alone as the row of a model over $shape',
      async ({ datatype, shape, body, y }) => {
        const one = await sharedModel(runtime, ['identity', { datatype, shape }]);

        const { status, json } = await one.post('/invocations', body);

        expect({ status, json }).toEqual({ status: 200, json: { predictions: y } });
      },
    );

    it('names what a matrix takes, where a text alone is sent', async () => {
      const matrix = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);

      const { status, json } = await matrix.post('/invocations', '"a text"');

      expect(status).toBe(400);
      expect(json.error).toMatch(/^the body is "a text"; it takes a list of rows/);
    });

    it.each(['text/plain;charset=UTF-8', 'text/json'])(
      'takes JSON that is called %s',
      async (type) => {
        const body = JSON.stringify([[0.5, 200, 'nail']]);

        const { json } = await server.post('/invocations', body, { 'content-type': type });

        expect(json).toEqual({ predictions: { total: [100], label: ['nail'] } });
      },
    );

    const inJson = Buffer.from(JSON.stringify([[0.5, 200, 'nail']]));
    const inCsv = Buffer.from('0.5,200,nail\n');
    it.each([
      { says: 'JSON', body: inJson, headers: {}, y: { total: [100], label: ['nail'] } },
      { says: 'a CSV', body: inCsv, headers: CSV, y: [{ total: 100, label: 'nail' }] },
    ])('takes $says that begins with the mark of UTF-8', async ({ body, headers, y }) => {
      const marked = new Blob(['\ufeff', body]);

      const { json } = await server.post('/invocations', marked, headers);

      expect(json).toEqual({ predictions: y });
    });

    it.each([
      { says: 'JSON', body: inJson, headers: {} },
      { says: 'a CSV', body: inCsv, headers: CSV },
    ])('says of $says in UTF-16 that it is', async ({ body, headers }) => {
      const wide = Buffer.from(`\ufeff${body}`, 'utf16le');

      const big = Buffer.from(wide).swap16();
      const answers = [wide, big].map((each) =>
        server.post('/invocations', new Blob([each]), headers),
      );

      expect((await Promise.all(answers)).map(({ json }) => json.error)).toEqual(
        Array(2).fill('the body is UTF-16, as PowerShell writes files by default; it takes UTF-8'),
      );
    });

    it('says how what is in a file is sent, of a form with it', async () => {
      const form = new FormData();
      form.set('file', new Blob([inCsv]));
      const response = await fetch(`${server.url}/invocations`, { method: 'POST', body: form });

      expect(response.status).toBe(415);
      expect(await response.json()).toEqual({
        error: expect.stringMatching(
          /^the content type is "multipart\/form-data"; .*`curl --data-binary @FILE`/,
        ),
      });
    });

    it.each(['application/x-www-form-urlencoded', 'application/json', 'text/plain'])(
      'says how a CSV is sent that is called %s',
      async (type) => {
        const { status, json } = await server.post('/invocations', '0.5,200,nail\n', {
          'content-type': type,
        });

        expect({ status, json }).toEqual({
          status: 400,
          json: {
            error:
              'the body is not JSON that can be read: it begins as CSV does, which is taken by the header "content-type: text/csv"',
          },
        });
      },
    );

    it.each(['application/csv', 'text/x-csv'])('takes a CSV that is called %s', async (type) => {
      const { json } = await server.post('/invocations', '0.5,200,nail', { 'content-type': type });

      expect(json).toEqual({ predictions: [{ total: 100, label: 'nail' }] });
    });

    it('says how a value in each line is sent', async () => {
      const row = '{"name": "nail", "pieces": 1, "weight": 2}';
      const { status, json } = await server.post('/invocations', `${row}\n${row}\n`);

      expect({ status, json }).toEqual({
        status: 400,
        json: {
          error:
            'the body is not JSON that can be read: it has a value in each line, which is taken by the header "content-type: application/x-ndjson"',
        },
      });
    });

    it('refuses a CSV whose header has not all of its names', async () => {
      const { status, json } = await server.post('/invocations', 'Name,pieces,weight\na,1,2', CSV);

      expect(status).toBe(400);
      expect(json.error).toContain('"name"');
    });

    it('takes text/csv without names in the order of its inputs', async () => {
      const { json } = await server.post('/invocations', '0.5,200,nail', CSV);

      expect(json).toEqual({ predictions: [{ total: 100, label: 'nail' }] });
    });

    it.each([
      { says: 'null', body: { dataframe_split: { columns, data: [['nail', 1, null]] } } },
      { says: 'an empty cell', body: 'name,pieces,weight\nnail,1,\n', headers: CSV },
      { says: 'NaN in a CSV', body: 'name,pieces,weight\nnail,1,NaN\n', headers: CSV },
      { says: 'NA in a CSV', body: 'name,pieces,weight\nnail,1,NA\n', headers: CSV },
      { says: '#N/A in a CSV without names', body: '#N/A,1,nail\n', headers: CSV },
    ])('takes $says as a number that is missing', async ({ body, headers = {} }) => {
      const { json } = await server.post('/invocations', body, headers);

      expect(json).toEqual({ predictions: [{ total: null, label: 'nail' }] });
    });

    it.each([
      { says: 'a CSV', body: 'name,pieces,weight\nnail,3,True\n', headers: CSV },
      {
        says: 'dataframe_split',
        body: { dataframe_split: { columns, data: [['nail', 3, true]] } },
      },
      {
        says: 'dataframe_records',
        body: { dataframe_records: [{ name: 'nail', pieces: 3, weight: true }] },
      },
    ])('takes true for a number in $says as 1', async ({ body, headers = {} }) => {
      const { json } = await server.post('/invocations', body, headers);

      expect(json).toEqual({ predictions: [{ total: 3, label: 'nail' }] });
    });

    it.each([
      {
        body: { dataframe_split: { columns: ['name', 'pieces'], data: [['nail', 1]] } },
        says: 'dataframe_split has "name", "pieces"; it takes "weight", "pieces", "name"',
      },
      {
        body: { dataframe_split: { columns, data: [['nail', 1]] } },
        says: 'dataframe_split has 2 values in row 0; the others have 3',
      },
      {
        body: { dataframe_split: { columns, data: [['nail', 1, 'heavy']] } },
        says: 'input "weight" has "heavy" at 0; it takes numbers of FP32',
      },
      {
        body: { dataframe_split: { columns: [...columns, 'name'], data: [['nail', 1, 2, 'x']] } },
        says: 'dataframe_split has "name", "pieces", "weight", "name"; it takes "weight", "pieces", "name"',
      },
      { body: { weight: 1 }, says: 'the body has "weight"; it takes "weight", "pieces", "name"' },
      { body: [1, 2], says: 'the body has 2 columns; it takes "weight", "pieces", "name"' },
      {
        body: { instances: [{ ...records[0] }, [1, 2]] },
        says: 'instances[1] has 2 columns; it takes "weight", "pieces", "name"',
      },
      {
        body: { dataframe_split: [] },
        says: 'dataframe_split is a list of 0; it takes an object with columns and data',
      },
      {
        body: { dataframe_split: { columns, data: 5 } },
        says: 'data of dataframe_split is 5; it takes a list of rows',
      },
      {
        body: { dataframe_split: { columns: 5, data: [] } },
        says: 'columns of dataframe_split is 5; it takes a list of names',
      },
      {
        body: { dataframe_records: 5 },
        says: 'dataframe_records is 5; it takes a list of objects',
      },
      {
        body: { 0: records[0] },
        says: 'the body has "0", as pandas\' to_json() writes a table by orient="index"; it takes those of orient="split" or "records"',
      },
      {
        body: { schema: { fields: [] }, data: {} },
        says: 'the body has "schema", "data", as pandas\' to_json() writes a table by orient="table"; it takes those of orient="split" or "records"',
      },
      {
        body: { inputs: [[1, 2, 'a']], parameters: { top: 3 } },
        says: 'the body has "parameters" beside "inputs"; the model takes no more than that',
      },
      {
        body: { inputs: [{ name: 'weight', shape: [1], datatype: 'FP32', data: [1] }] },
        says: 'inputs are tensors of the Open Inference Protocol, which are taken by /v2/models/NAME/infer; here they are a list of rows',
      },
      {
        body: { dataframe_records: [records[0], { name: 'x' }] },
        says: 'input "pieces" has null at 1; it takes integers from -9223372036854775808 to 9223372036854775807, in digits',
      },
      {
        body: { dataframe_records: [{ weight: 1, name: 'x' }, { name: 'y' }] },
        says: 'dataframe_records has "weight", "name"; it takes "weight", "pieces", "name"',
      },
    ])('refuses $says', async ({ body, says }) => {
      const { status, json } = await server.post('/invocations', body);

      expect({ status, json }).toEqual({ status: 400, json: { error: says } });
    });

    it.each([
      { body: '', says: 'the body is CSV without a line' },
      { body: '1,2\n', says: 'the CSV has 2 columns; it takes "weight", "pieces", "name"' },
      { body: '0.5,2.5,a\n', says: /^input "pieces" has "2.5" at 0; it takes integers/ },
      { body: '0.5,2,"a\n', says: /^the body is not CSV that can be read: / },
      { body: '0.5,2,"a"b\n', says: /^the body is not CSV that can be read: / },
      { body: '0.5,2,a\n1,2\n', says: 'the CSV has 2 values in row 1; the others have 3' },
    ])('refuses the CSV $body', async ({ body, says }) => {
      const { status, json } = await server.post('/invocations', body, CSV);

      expect(status).toBe(400);
      if (typeof says === 'string') expect(json.error).toBe(says);
      else expect(json.error).toMatch(says);
    });
  });

  describe('a model that takes a matrix', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);
    });

    it.each([
      {
        says: 'dataframe_split, whatever its columns are called',
        body: { dataframe_split: { columns: ['p', 'q'], data: [[1, 2]] } },
      },
      { says: 'rows without names', body: { dataframe_split: { data: [[1, 2]] } } },
      { says: 'dataframe_records', body: { dataframe_records: [{ p: 1, q: 2 }] } },
      { says: 'one record', body: { p: 1, q: 2 } },
      { says: 'one record as inputs', body: { inputs: { p: 1, q: 2 } } },
      { says: 'whole columns', body: { p: [1], q: [2] } },
      { says: 'whole columns as inputs', body: { inputs: { p: [1], q: [2] } } },
      { says: 'text/csv with names', body: 'p,q\n1,2\n', headers: CSV },
      { says: 'text/csv without names', body: '1,2', headers: CSV },
    ])('takes $says', async ({ body, headers = {} }) => {
      const { json } = await server.post('/invocations', body, headers);

      expect(json).toEqual({ predictions: [[2, 3]] });
    });

    it('takes a first line of values for a row, though one of them is missing', async () => {
      const { json } = await server.post('/invocations', '1,NA\n3,4', CSV);

      expect(json).toEqual({
        predictions: [
          [2, null],
          [4, 5],
        ],
      });
    });

    it.each([{ p: 1 }, { p: [1], q: 2 }, { p: [1], q: [2, 3] }, { p: { 0: 1 }, q: { 0: 2 } }, {}])(
      'refuses %j, which is neither a row of it nor its columns',
      async (body) => {
        const { status, json } = await server.post('/invocations', body);

        expect(status).toBe(400);
        expect(json.error).toMatch(/^the body is an object .*; it takes a list of rows/);
      },
    );

    it('refuses a table of another width', async () => {
      const { json } = await server.post('/invocations', '1,2,3', CSV);

      expect(json).toEqual({ error: 'the CSV has 3 columns; the model takes 2' });
    });
  });

  it('a model of two matrices takes no table', async () => {
    const server = await sharedModel(runtime, ['twoInputs']);

    const { status, json } = await server.post('/invocations', '1,2', CSV);

    expect(status).toBe(400);
    expect(json.error).toBe('the CSV is a table, but the model takes tensors: "a", "b"');
  });
}
