import * as z from 'zod/mini';
import type { Trouble } from '#domain/deployment.ts';
import { parseJson } from '#domain/parse-json.ts';
import { type CaughtError, readTrouble } from '#domain/trouble.ts';
import { WITHOUT_WALLS_FIX } from '#domain/walls.ts';
import { isCommand, toShow, withoutQueries } from './build-progress.ts';

/** A failed build, as the workflow caught it: where its log is (null when no build ran), and the phase it ended in. */
export type FailedBuild = {
  readonly error: string;
  readonly phase: string;
  readonly isStopped: boolean;
  /** This machine's message about a build that it could not begin; null for any other build. */
  readonly told: Pick<Trouble, 'reason' | 'fix'> | null;
  readonly log: { readonly group: string; readonly stream: string } | null;
};

// The build in the Cause of a failed `codebuild:startBuild.sync`: Step Functions describes it as BatchGetBuilds does.
const described = z.object({
  Build: z.object({
    BuildStatus: z.optional(z.string()),
    Phases: z.optional(
      z.array(z.object({ PhaseType: z.optional(z.string()), PhaseStatus: z.optional(z.string()) })),
    ),
    Logs: z.optional(
      z.object({ GroupName: z.optional(z.string()), StreamName: z.optional(z.string()) }),
    ),
  }),
});

/** Parses a build's caught error. A Cause that describes no build (a timeout, a refused start) leaves the log null. */
export function failedBuild({ Error: error, Cause }: CaughtError): FailedBuild {
  const parsed = described.safeParse(parseJson(Cause));
  if (!parsed.success) {
    const said = Cause ? `${error}: ${Cause}` : error;
    const told = isTold(Cause) ? readTrouble({ Error: error, Cause }) : null;
    return { error: said, phase: '', isStopped: false, told, log: null };
  }
  const { BuildStatus, Logs, Phases = [] } = parsed.data.Build;
  const failed = Phases.find(({ PhaseStatus = 'SUCCEEDED' }) => PhaseStatus !== 'SUCCEEDED');
  const log =
    Logs?.GroupName && Logs.StreamName ? { group: Logs.GroupName, stream: Logs.StreamName } : null;
  return {
    error,
    phase: failed?.PhaseType ?? '',
    isStopped: BuildStatus === 'STOPPED',
    told: null,
    log,
  };
}

function isTold(cause: string): boolean {
  return z.object({ errorMessage: z.string() }).safeParse(parseJson(cause)).success;
}

/** A build whose deployment was superseded: a newer upload of the model waits. */
export function supersededBuild(model: string): Trouble {
  const reason = `a newer upload of ${model} came while the image of this one was being built`;
  return { name: 'Superseded', reason, fix: '' };
}

/** `$1` in a reason is the text in the brackets of the sign's match. */
type Cause = { readonly sign: RegExp; readonly reason: string; readonly fix: string };

const AGAIN = 'Upload the model again.';

const CAUSES: readonly Cause[] = [
  {
    // The last message of buildspecs/commands/model-python.mjs when it stops a model.
    sign: /^build-(?:folder|image): the model was not loaded in (\d+) s by the clock$/,
    reason: 'the model was not loaded in $1 s, so it was ended: its place is for other builds too',
    fix: 'Have it load faster, and wait for nothing as it is imported (a network, a lock, a pause); or raise server.startupTimeoutSeconds in model.yaml. Then upload it again.',
  },
  {
    sign: /^build-(?:folder|image): the model was not proven in (\d+) s by the clock$/,
    reason: 'the model was loaded, and its proof had not ended after $1 s',
    fix: 'Have it answer faster, and upload it again.',
  },
  {
    sign: /^build-folder: no walls were given to set around the model/,
    reason: 'this machine sets no walls around a model, so it was not loaded',
    fix: WITHOUT_WALLS_FIX,
  },
  {
    // A hold on new accounts, which their quotas do not show: aws-ia/terraform-aws-control_tower_account_factory#100, awslabs/landing-zone-accelerator-on-aws#1013.
    sign: /Cannot have more than 0 builds in queue/,
    reason: 'AWS lets this account run no build at all, whatever its quotas show',
    fix: 'Open a case with AWS Support (Account and billing, or Service limit increase, CodeBuild): "New account: StartBuild is refused with `Cannot have more than 0 builds in queue for the account`, while Service Quotas shows more. Please lift the hold." No retry helps; upload the model again once it is lifted.',
  },
  {
    // CodeBuild's error for a start, once the workflow has tried for hours. https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
    sign: /Cannot have more than (\d+) builds in queue/,
    reason: 'CodeBuild takes no more than $1 builds of this account at once',
    fix: 'Upload the model again when fewer are being deployed, or ask for more: Service Quotas, CodeBuild, "Concurrently running builds"; `slipway doctor` shows how many there are.',
  },
  {
    // uv's conclusion about a name, or a version, that nobody has published.
    sign: /Because (?:there is no version of )?([^ ]+) (?:was not found in the package registry|and you require)/,
    reason: 'the package index has no `$1`',
    fix: 'Correct it in requirements.txt, or in `build.requirements` of model.yaml, and upload again.',
  },
  {
    // Messages of uv and pip.
    sign: /No solution found when resolving|No matching distribution found/,
    reason: 'the packages of the model cannot be installed together on its Python',
    fix: 'Change `build.requirements` or `build.pythonVersion` in model.yaml, and upload again.',
  },
  {
    // The message of buildspecs/commands/smoke-test.mjs; the reason follows it.
    sign: /the image does not serve its model/,
    reason: 'the model did not load, or did not answer, when its image was started',
    fix: 'The last lines say why; fix the model and upload again.',
  },
  {
    // The message of buildspecs/commands/dockerfile-image.mjs; the reason follows it.
    sign: /the image that model\.yaml names cannot be pulled/,
    reason: 'the image that model.yaml names cannot be pulled',
    fix: 'Check that you can pull it yourself; in AWS the stack’s parameter `customImages` must name its repository.',
  },
  {
    sign: /no space left on device/i,
    reason: 'the build ran out of disk',
    fix: 'Free some space on the disk; in AWS ask for more by `resources.memory` in model.yaml, by which its build gets a larger machine, up to the parameter `buildCompute`.',
  },
  {
    // S3 answers 403 for an expired signature and 400 for expired credentials; the first alternative is the message of buildspecs/commands/fetch-artifact.mjs.
    sign: /answered 40[03]\b|403 Forbidden|error: 403|ExpiredToken|Request has expired/i,
    reason: 'the permission to read the artifact expired, because the build waited too long',
    fix: AGAIN,
  },
  {
    sign: /denied|not authorized|no basic auth credentials/i,
    reason: 'the build was denied access',
    fix: 'Run `slipway doctor`; it names the permission that is missing.',
  },
  {
    sign: /\b(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|connection refused|can be pulled|could not resolve|i\/o timeout|TLS handshake)\b/i,
    reason: 'the build could not reach a registry',
    fix: AGAIN,
  },
  {
    sign: /out of memory|signal: killed|\bKilled\b|exit code: 137/,
    reason: 'the build ran out of memory',
    fix: 'Free some memory, or deploy less at once; in AWS ask for more by `resources.memory` in model.yaml, by which its build gets a larger machine, up to the parameter `buildCompute`.',
  },
  {
    sign: /toomanyrequests|rate limit/i,
    reason: 'a registry refused the build because of too many requests',
    fix: 'Wait a few minutes and upload the model again.',
  },
];

// A build that never began has no log.
const NEVER_BEGUN = {
  reason: 'the build waited in the queue behind others until it timed out',
  fix: 'Upload the model again when fewer are being deployed.',
};

// The Python server's refusal.py reports where an error came from in this form; the printer's own prefix may stand before it.
const PYTHON_ERROR =
  /^(?:[a-z-]+: |the model's code failed: )?([A-Za-z_][\w.]*(?:: .*)? \([^()]+\.py:\d+\))$/;
// The last message of buildspecs/commands/build-image.mjs and build-folder.mjs: the whole output of the model's process follows.
const ENDED = /^build-(?:image|folder): /;
const ERROR = /^error: /;
const MOST_HEADLINE = 500;

const FIXES: readonly { readonly sign: RegExp; readonly fix: string }[] = [
  {
    // Libraries report a missing package in their own words, as XGBoost does: `sklearn needs to be installed`.
    sign: /^ModuleNotFoundError: |^ImportError: .*(needs? to be installed|not installed|pip install|is required)/,
    fix: 'Name its package in requirements.txt, or for a model without code in model.yaml (`build: { requirements: [PACKAGE] }`); or put the module beside the file; and upload again.',
  },
  {
    // The message of bytecode.py about a function, and Python's own about one from before 3.11.
    sign: /saved as bytecode of|^TypeError: code\(\)/,
    fix: 'Only the Python that saved a function runs it: write its version (`python3 --version` where that was) into a file .python-version beside the model, such as `3.11`, and upload again.',
  },
  {
    sign: /^SystemExit/,
    fix: 'Put what runs it as a program under `if __name__ == "__main__":`, since it is imported, and upload again.',
  },
  {
    sign: /^ImportError: attempted relative import/,
    fix: 'Import the file beside it by its name alone, without the dot before it, and upload again.',
  },
  {
    sign: /\[Errno 30\] Read-only file system/,
    fix: "A model can write only where Python's tempfile does, and what it writes is gone with its server: write there, and upload again.",
  },
  {
    // Messages of Python's sockets, and of the Hugging Face Hub.
    sign: /name resolution|Name or service not known|Network is unreachable|couldn't connect to/,
    fix: 'A build loads a model without a network: put what it downloads in its folder and load it from there, or on one machine say `runtime: { network: open }` in model.yaml; then upload again.',
  },
];

/**
 * Why a build failed: the error of the model's own code with its file and line, or else its likely cause by the end of its log;
 * then that log's lines (oldest first, at most those given), without the commands and stages in it.
 */
export function explainBuild(build: FailedBuild, lines: readonly string[]): Trouble {
  const last = lines.slice(lines.findLastIndex(isCommand) + 1);
  const from = last.findLastIndex((line) => ENDED.test(line));
  const said = last.slice(Math.max(0, from));
  const error = said.findLast((line) => PYTHON_ERROR.test(line));
  if (error !== undefined) return ofPython(error, said);
  const shown = toShow(lines);
  // A build that CodeBuild did not start has no log, only the error that the workflow caught.
  const signs = shown.length > 0 ? shown : [build.error];
  const cause = build.phase === 'QUEUED' ? NEVER_BEGUN : causeIn(signs);
  const where = build.phase && ` in ${build.phase}`;
  const why =
    cause?.reason ??
    build.told?.reason ??
    ownWords(from < 0 ? [] : said) ??
    `it ended${where} with ${withoutQueries(build.error)}`;
  return {
    name: 'BuildFailed',
    reason: [`the image was not built: ${why}`, ...shown].join('\n'),
    fix:
      cause?.fix ??
      build.told?.fix ??
      'The last lines of its log say more; fix the cause and upload again.',
  };
}

/** The command's message as it ended, without its name: its error, as uv marks one, or else its first line. */
function ownWords(said: readonly string[]): string | undefined {
  const lines = toShow(said.map((line) => line.replace(ENDED, '')));
  const error = lines.findLast((line) => ERROR.test(line));
  return (error?.replace(ERROR, '') ?? lines[0])?.slice(0, MOST_HEADLINE);
}

function causeIn(lines: readonly string[]): Omit<Cause, 'sign'> | undefined {
  for (const { sign, reason, fix } of CAUSES) {
    const found = lines.map((line) => sign.exec(line)).find((each) => each !== null);
    if (found) return { reason: reason.replace('$1', found[1] ?? ''), fix };
  }
  return undefined;
}

/** Shows the last lines of the command, which say more than the builder's own. */
function ofPython(error: string, said: readonly string[]): Trouble {
  const [, headline = ''] = PYTHON_ERROR.exec(error) ?? [];
  const rest = said.filter((line) => line !== error && !line.startsWith('[Container] '));
  return {
    name: 'BuildFailed',
    reason: toShow([headline.slice(0, MOST_HEADLINE), ...rest]).join('\n'),
    fix: FIXES.find(({ sign }) => sign.test(headline))?.fix ?? 'Fix it and upload again.',
  };
}
