import type { LocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';
import type { WallsReport } from '#domain/walls.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import type { wallsForStart } from '#operations/watch/machine-walls.ts';
import { DEMO_MODEL } from './demo/model.ts';
import { oneMachineAt } from './one-machine.ts';
import { explainError, type Output } from './output.ts';
import { watchDeployments } from './watch.ts';

type Options = {
  readonly config: LocalConfig;
  readonly demo: boolean;
  /** Stops after the demo's answer instead of serving until a signal. */
  readonly once: boolean;
  readonly output: Output;
  /** A look at the machine that has begun already. */
  readonly walls?: ReturnType<typeof wallsForStart> | undefined;
};

/** Starts Slipway on this machine and serves until SIGINT or SIGTERM. False when the demo's answer was wrong, or when a signal ended `once` before the answer came. */
export async function start({
  config,
  demo,
  once,
  output,
  walls: looked,
}: Options): Promise<boolean> {
  const stopping = new AbortController();
  const stopAsked = signalled().finally(() => stopping.abort());
  const startedMs = Date.now();
  let demonstratedMs = startedMs;
  const slipway = await startLocal(config, {
    environment: process.env,
    report: output.line,
    ...(looked && { walls: looked }),
  });
  const { gateway, control, token, walls, bucketDir } = slipway;
  // The link is a key: a log that others may read gets none.
  const console = output.room()
    ? slipway.consoleLink()
    : `${control}, opened by \`slipway console\``;
  output.line(
    `gateway   ${gateway}\ncontrol   ${control}\nconsole   ${console}\nbucket    ${bucketDir}, with a model in models/NAME/${s3Words(slipway.s3())}${othersWords(slipway, config)}\nwalls     ${wallsWords(walls)}`,
  );
  for (const moved of movedPorts(config, { gateway, control })) output.line(moved);
  output.data({
    gateway,
    control,
    bucket: bucketDir,
    walls: walls.says,
    s3: slipway.s3(),
    others: slipway.others,
    othersControl: slipway.othersControl,
  });
  let watching: Promise<void> | undefined;
  try {
    if (demo) {
      // It loads what draws images.
      const { runDemo } = await import('./demo/demo.ts');
      const isLive = await slipway.isLive(DEMO_MODEL);
      const place = { gateway, control, token, dataDir: config.dataDir };
      const demonstrated = runDemo(place, { isLive, servesOn: !once, output });
      const isRight = await Promise.race([demonstrated, stopAsked]);
      if (once || !isRight) return isRight ?? !once;
      demonstratedMs = Date.now();
    }
    output.line('\nserving until Ctrl-C');
    // A failure of the view ends only the view.
    watching = watchDeployments(oneMachineAt({ gateway, control, token }), {
      output,
      // The demo has shown its own.
      sinceMs: (model) => (model === DEMO_MODEL ? demonstratedMs : startedMs),
      until: stopping.signal,
    }).catch((error) => output.line(explainError(error)));
    await stopAsked;
    return true;
  } finally {
    await slipway.stop();
    await watching;
  }
}

/** The line about a port that is not the usual one, though no other was asked for. */
function movedPorts(
  { gatewayPort, controlPort }: LocalConfig,
  { gateway, control }: { readonly gateway: string; readonly control: string },
): readonly string[] {
  const taken = (asked: number | undefined, usual: number, what: string, url: string) =>
    asked === undefined && Number(new URL(url).port) !== usual
      ? [`port ${usual} is taken, so ${what} is at ${new URL(url).port}`]
      : [];
  return [
    ...taken(gatewayPort, USUAL_PORTS.gateway, 'the gateway', gateway),
    ...taken(controlPort, USUAL_PORTS.control, 'the control API', control),
  ];
}

function s3Words(s3: string | undefined): string {
  return s3 === undefined ? '' : `\nS3        ${s3}, with the keys of \`slipway keys\``;
}

type Others = Pick<Awaited<ReturnType<typeof startLocal>>, 'others' | 'othersControl'>;

function othersWords(
  { others, othersControl }: Others,
  { oidcIssuer, consoleUrl }: LocalConfig,
): string {
  if (others === undefined) return '';
  const control = othersControl === undefined ? '' : `, and the control API at ${othersControl}`;
  const signIn =
    oidcIssuer === undefined ? '' : `\nsign-in   ${consoleUrl}, with an account of ${oidcIssuer}`;
  return `\nothers    ${others}, for callers with a key${control}${signIn}`;
}

function wallsWords({ says, refuses }: WallsReport): string {
  return refuses ? `${says}; models that Python loads are refused` : says;
}

function signalled(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve(undefined));
    process.once('SIGTERM', () => resolve(undefined));
  });
}
