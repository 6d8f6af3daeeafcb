import { translated } from '#adapters/aws/failures.ts';
import type { Uploaded } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import type { Target } from '#domain/placement/target.ts';
import type { Finding } from './signed.ts';
import type { Answer } from './traffic.ts';

export type Seen = Omit<Finding, 'row'>;

/** The stage that a look examines: if all went well, a model is live on Lambda in its first version and its second is kept, after an upgrade and a rollback under traffic. */
export type Scene = {
  readonly stage: string;
  readonly outputs: Readonly<
    Record<
      | 'Api'
      | 'ApiStage'
      | 'Endpoint'
      | 'FunctionPrefix'
      | 'ModelLogGroup'
      | 'StateMachine'
      | 'Table',
      string
    > & { readonly Bucket: string }
  >;
  readonly model: string;
  /** The targets whose model has answered a caller. */
  readonly answered: ReadonlySet<Target>;
  /** The uploads of its versions, in order, to one key. */
  readonly uploads: readonly Pick<Uploaded, 'key' | 'versionId'>[];
  /** The answers that its callers got during the whole run. */
  readonly answers: readonly Answer[];
  /** When the upgrade was Live, the rollback was requested, and was Live, by the clock of the answers; infinite for steps that never happened. */
  readonly at: {
    readonly upgraded: number;
    readonly asked: number;
    readonly rolledBack: number;
  };
  /** A client of the account. */
  client<Client>(of: ClientClass<Client>): Client;
  /** A request to the API that is not signed, and has no key except the one in its headers. */
  ask(url: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
};

export type ClientClass<Client> = new (settings: object) => Client;

/** A row of docs/aws-evidence.md, by the beginning of its first cell, and a look at whether AWS behaves that way. A look changes nothing that outlives the stage. */
export type Claim = {
  readonly row: string;
  look(scene: Scene): Promise<Seen>;
};

/** Examines one claim. A look that is impossible, for lack of an answer or a permission, is `not seen`. */
export async function lookAt({ row, look }: Claim, scene: Scene): Promise<Finding> {
  try {
    return { row, ...(await look(scene)) };
  } catch (error) {
    return { row, ...notSeen(reasonOf(error)) };
  }
}

export const asWritten = (what: string): Seen => ({ verdict: 'as written', what });
export const otherwise = (what: string): Seen => ({ verdict: 'otherwise', what });
export const notSeen = (what: string): Seen => ({ verdict: 'not seen', what });

/** Expects AWS to reject a call with this error. A call that is accepted, or rejected with another error, is `otherwise`; one that was not answered is `not seen`. */
export async function refusedBy(name: string, call: () => Promise<unknown>): Promise<Seen> {
  try {
    await translated(call);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (nameOf(error) === name) return asWritten(`refused by ${name}`);
    if (error instanceof Failure) return notSeen(reasonOf(error));
    return otherwise(`refused by ${reasonOf(error)}, not by ${name}`);
  }
  return otherwise(`accepted, not refused by ${name}`);
}

/** The service's own name of the error, even if the error was translated. */
function nameOf(error: Error): string {
  return error instanceof Failure && error.cause instanceof Error ? error.cause.name : error.name;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
