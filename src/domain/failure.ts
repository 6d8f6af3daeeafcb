/**
 * Every name a step may fail with, and whether a retry may help.
 * The workflow's `Retry` and `Catch` match on these names; a test holds the ASL to this table.
 */
export const RETRYABLE = {
  ArtifactRejected: false,
  BuildFailed: false,
  InputInvalid: false,
  LeaseLost: false,
  PhaseConflict: false,
  PlatformDenied: false,
  PlatformThrottled: true,
  PlatformUnavailable: true,
  // A promoted version without the signature that the stage requires.
  ReleaseUntrusted: false,
  RevisionFailed: false,
  SharesChanged: true,
  SharesRefused: false,
  StorageFull: false,
  // The account allows less than the chosen size, which is known from now on: ChooseTarget chooses again.
  TargetRefused: false,
  TrafficUnverified: true,
} as const satisfies Record<string, boolean>;

export type FailureName = keyof typeof RETRYABLE;

/**
 * The error that a step throws when it could not do its job. Match on `name`, never on the class.
 * `fix` says in one sentence what to do; empty when there is nothing to do.
 * `isAbsent` is set where the requested thing does not exist: over HTTP that is 404.
 */
export class Failure extends Error {
  override readonly name: FailureName;
  readonly fix: string;
  declare readonly isAbsent?: true;

  constructor(
    name: FailureName,
    message: string,
    options: { cause?: unknown; fix?: string; isAbsent?: true } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = name;
    this.fix = options.fix ?? '';
    if (options.isAbsent) this.isAbsent = true;
  }
}

/** The failure's name when `error` carries a known one, else undefined; an error from another realm or process counts too. */
export function failureName(error: unknown): FailureName | undefined {
  return error instanceof Error ? failureNamed(error.name) : undefined;
}

/** The failure's name with this spelling; undefined for any other text. */
export function failureNamed(text: string): FailureName | undefined {
  return Object.keys(RETRYABLE).find((name): name is FailureName => name === text);
}
