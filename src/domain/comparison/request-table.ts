import * as z from 'zod/mini';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';

/** A row of a request; null is a missing value. */
export type RequestRow = readonly (number | null)[];

/** Rows of numbers that several requests send, and a function that makes one request of other such rows. */
export type RequestTable = {
  readonly columns: readonly string[];
  readonly rows: readonly RequestRow[];
  request(rows: readonly RequestRow[]): GoldenRequest;
};

const matrix = z.array(z.array(z.nullable(z.number())).check(z.minLength(1))).check(z.minLength(1));
const tensors = z.object({
  inputs: z.tuple([
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.tuple([z.int(), z.int()]),
      data: z.array(z.unknown()),
    }),
  ]),
});
const bodies = {
  inputs: z.strictObject({ inputs: matrix }),
  instances: z.strictObject({ instances: matrix }),
  dataframe_split: z.strictObject({
    dataframe_split: z.object({ columns: z.array(z.string()), data: matrix }),
  }),
} as const;

/** Rows belong to one table where `kind` is the same, in whatever form they are sent. */
type Part = RequestTable & { readonly kind: string; readonly takesMissing: boolean };

/** The table of these requests; undefined unless they all send rows of as many numbers, or of the same columns. */
export function requestTable(requests: readonly GoldenRequest[]): RequestTable | undefined {
  const parts = requests.map(partOf);
  const [first] = parts;
  if (!first || parts.some((part) => part?.kind !== first.kind)) return undefined;
  const { columns, request } = parts.find((part) => part?.takesMissing) ?? first;
  return { columns, request, rows: parts.flatMap((part) => part?.rows ?? []) };
}

function partOf(request: GoldenRequest): Part | undefined {
  return request.protocol === 'infer' ? tensorPart(request) : bodyPart(request);
}

function tensorPart(request: GoldenRequest): Part | undefined {
  const { data: body } = tensors.safeParse(request.body);
  if (!body) return undefined;
  const [{ shape, data, ...input }] = body.inputs;
  const [count, width] = shape;
  const values = z.array(z.number()).safeParse(data.flat()).data;
  if (!values || width === 0 || values.length !== count * width) return undefined;
  const rows = Array.from({ length: count }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
  return {
    kind: kindOf(width),
    // The protocol has tensors of numbers alone.
    takesMissing: false,
    columns: numbered(width),
    rows,
    request: (sent) => ({
      ...request,
      body: { inputs: [{ ...input, shape: [sent.length, width], data: sent.flat() }] },
    }),
  };
}

function bodyPart(request: GoldenRequest): Part | undefined {
  const split = bodies.dataframe_split.safeParse(request.body).data?.dataframe_split;
  if (split) {
    const { columns, data } = split;
    return part(JSON.stringify(columns), columns, data, (sent) => ({
      ...request,
      body: { dataframe_split: { columns, data: sent } },
    }));
  }
  const inputs = bodies.inputs.safeParse(request.body).data?.inputs;
  const rows = inputs ?? bodies.instances.safeParse(request.body).data?.instances;
  const key = inputs ? 'inputs' : 'instances';
  const width = rows?.[0]?.length ?? 0;
  return (
    rows &&
    part(kindOf(width), numbered(width), rows, (sent) => ({ ...request, body: { [key]: sent } }))
  );
}

function kindOf(width: number): string {
  return JSON.stringify(width);
}

function part(
  kind: string,
  columns: readonly string[],
  rows: readonly RequestRow[],
  request: RequestTable['request'],
): Part | undefined {
  if (rows.some((row) => row.length !== columns.length)) return undefined;
  return { kind, takesMissing: true, columns, rows, request };
}

function numbered(width: number): readonly string[] {
  return Array.from({ length: width }, (_, index) => `column ${index + 1}`);
}
