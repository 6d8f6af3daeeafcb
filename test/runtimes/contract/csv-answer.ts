import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const CSV = { accept: 'text/csv' };

/** Answers in CSV. */
export function describeCsvAnswers(runtime: Runtime): void {
  const answer = async (server: ModelServer, body: unknown, accept: string) => {
    const response = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { accept, 'content-type': 'application/json' },
    });
    const type = response.headers.get('content-type');
    return { status: response.status, type, text: await response.text() };
  };

  it('a column for each output, with names', async () => {
    const server = await sharedModel(runtime, ['columns']);
    const rows = [
      [0.5, 200, 'nail'],
      [null, 3, 'nut "M6", zinc'],
    ];

    const { type, text } = await answer(server, rows, 'text/csv');

    expect(text).toBe('total,label\n100,nail\n,"nut ""M6"", zinc"\n');
    expect(type).toBe('text/csv; charset=utf-8; header=present');
  });

  it('a column for each value of a row', async () => {
    const server = await sharedModel(runtime, ['twoInputs']);
    const body = { inputs: { a: [[1, 2]], b: [[3, 1]] } };

    const { text } = await answer(server, body, 'text/csv;q=0.9, application/json;q=0.5');

    expect(text).toBe('sum_0,sum_1,less_0,less_1\n4,3,true,false\n');
  });

  it('without names where the client says so', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { type, text } = await answer(server, [1, 2], 'text/csv; header=absent');

    expect(text).toBe('2\n3\n');
    expect(type).toBe('text/csv; charset=utf-8; header=absent');
  });

  it.each(['*/*', 'application/json', 'text/csv;q=0', 'application/json, text/csv', 'text/html'])(
    'no CSV where %s is accepted',
    async (accept) => {
      const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

      const { status, type } = await answer(server, [1], accept);

      expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    },
  );

  it('what is no table is refused with 406', async () => {
    const server = await sharedModel(runtime, ['identity', { datatype: 'INT64' }]);

    const { status, json } = await server.post('/invocations', { inputs: [[[1]]] }, CSV);

    expect({ status, json }).toEqual({
      status: 406,
      json: {
        error:
          '"y" has the shape [1, 1, 1], which is not a column of 1 rows; ask for application/json',
      },
    });
  });
}
