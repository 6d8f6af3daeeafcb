import type { Control, Operations } from '#control/operation.ts';
import { type AuditEntry, modelOfObject } from '#domain/audit-entry.ts';
import { failureName } from '#domain/failure.ts';

type Act = Pick<AuditEntry, 'action' | 'model' | 'object' | 'outcome'>;

type Input = Readonly<Record<string, unknown>>;

type Run = (input?: Input, signal?: AbortSignal) => Promise<unknown>;

/** Operations that only read, and are noted all the same: they hand out what clients have sent. */
const SENSITIVE: readonly string[] = ['exportCapture'];

/** The same operations, each of which is noted when it changes something, hands out what clients have sent, or is refused to a key. A stream is noted when it begins; an upload in pieces when its last one has come. */
export function audited<Table extends Operations>(
  table: Table,
  all: Control<Table>,
  note: (act: Act) => void,
): Control<Table> {
  const runs = new Map<string, Run>(Object.entries(all));
  const watched = Object.entries(table).map(([action, { method, path }]) => {
    const isNoted = method !== 'GET' || SENSITIVE.includes(action);
    const run: Run = async (input, signal) => {
      const about = { action, ...subjectOf(path, input ?? {}) };
      try {
        const answer = await runs.get(action)?.(input, signal);
        if (isNoted && !isUnfinished(answer)) note({ ...about, outcome: 'done' });
        return answer;
      } catch (error) {
        const outcome = failureName(error) ?? 'failed';
        if (isNoted || outcome === 'PlatformDenied') note({ ...about, outcome });
        throw error;
      }
    };
    return [action, run];
  });
  return Object.fromEntries(watched);
}

/** `name` is a model's in a path, and else that of a new key. */
function subjectOf(path: string, { name, model, key, id }: Input): Pick<Act, 'model' | 'object'> {
  const isOfModel = path.includes('{name}');
  const object = textIn(key) ?? textIn(id) ?? (isOfModel ? null : textIn(name));
  const named = isOfModel ? textIn(name) : textIn(model);
  return { model: named ?? (typeof key === 'string' ? modelOfObject(key) : null), object };
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isUnfinished(answer: unknown): boolean {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'uploaded' in answer &&
    answer.uploaded === null
  );
}
