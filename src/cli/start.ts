import type { LocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';
import type { wallsForStart } from '#compose/machine-walls.ts';
import type { Output } from './output.ts';

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
  const stopAsked = signalled();
  const slipway = await startLocal(config, {
    environment: process.env,
    report: output.line,
    ...(looked && { walls: looked }),
  });
  const { gateway, control, walls, bucketDir } = slipway;
  output.line(
    `gateway   ${gateway}\ncontrol   ${control}\nbucket    ${bucketDir}\nwalls     ${walls}`,
  );
  output.data({ gateway, control, bucket: bucketDir, walls });
  try {
    if (demo) {
      // It loads what draws images.
      const { DEMO_MODEL, runDemo } = await import('./demo/demo.ts');
      const isLive = await slipway.isLive(DEMO_MODEL);
      const demonstrated = runDemo({ gateway, control, dataDir: config.dataDir }, isLive, output);
      const isRight = await Promise.race([demonstrated, stopAsked]);
      if (once || !isRight) return isRight ?? !once;
    }
    output.line('\nserving until Ctrl-C');
    await stopAsked;
    return true;
  } finally {
    await slipway.stop();
  }
}

function signalled(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve(undefined));
    process.once('SIGTERM', () => resolve(undefined));
  });
}
